"""Give an account another password: what an operator does for a user without another way back."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.mail import MailKind
from webapp.core.passwords import hash_password, refuse_weak
from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.end_sessions import end_with_credentials
from webapp.flows.manage_people import NoSuchPerson
from webapp.flows.notify import queue_notice
from webapp.store import addresses, events
from webapp.store.database import transact
from webapp.store.users import Account


def set_password(person: Account, new: str, *, by: str, client: Client, now: int) -> None:
    """Set the password and end every session, logins in flight included.

    Raises FieldError("password", …) as `sign_up` does, NoSuchPerson or DatabaseUnavailable.
    """
    refuse_weak("password", new, person.username, person.email, person.name)
    new_hash = hash_password(new)  # never inside the transaction

    def work(tx: Connection) -> None:
        locked = addresses.lock(tx, person.id)
        if locked is None:
            raise NoSuchPerson("there is no such account")
        end_with_credentials(tx, person.id, EndReason.PASSWORD, client, now, by=by, password_hash=new_hash)
        events.record(tx, Event.PASSWORD_CHANGED, at=now, user_id=person.id, ip_address=client.ip_address, by=by)
        if locked.is_confirmed:
            queue_notice(tx, locked, MailKind.PASSWORD, client, now)

    transact(work)
