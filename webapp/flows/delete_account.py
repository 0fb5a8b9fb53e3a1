"""Delete an account and all that belongs to it, at once and for good."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.errors import FieldError
from webapp.core.events import Event
from webapp.core.logins import username_key
from webapp.core.mail import MailKind
from webapp.flows.client import Client
from webapp.flows.manage_people import refuse_losing_the_last_admin
from webapp.flows.notify import queue_notice
from webapp.store import addresses, events, retired_names, users
from webapp.store.database import transact


def delete_account(user_id: str, typed_username: str | None, *, by: str | None, client: Client, now: int) -> None:
    """Delete the person: sessions, mails and factors go with the row; events stay, with the random id alone.

    `typed_username` is the name typed once more, None on the command line. Raises FieldError("username", "wrong"),
    LastAdmin or DatabaseUnavailable. The name is never given out again (impersonation); the address is free.
    """

    def work(tx: Connection) -> None:
        refuse_losing_the_last_admin(tx, user_id)
        person = addresses.lock(tx, user_id)
        if person is None:
            return
        if typed_username is not None and username_key(typed_username[:64].strip()) != username_key(person.username):
            raise FieldError("username", "wrong")
        retired_names.retire(tx, person.username, now)
        if person.is_confirmed:
            queue_notice(tx, person, MailKind.DELETED, client, now)
        detail = {"by": by} if by not in (None, user_id) else {}
        events.record(tx, Event.ACCOUNT_DELETED, at=now, user_id=user_id, ip_address=client.ip_address, **detail)
        users.delete(tx, user_id)

    transact(work)


def release_name(username: str) -> bool:
    """Let the username of a deleted account be given out again; True if there was one. Raises DatabaseUnavailable."""
    return transact(lambda tx: retired_names.release(tx, username))
