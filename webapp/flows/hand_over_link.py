"""A link that an operator hands over: for a site without mail, and for a user who cannot read theirs.

Nobody ever chooses another person's password (ASVS 6.4.6).
"""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core import mail as rules
from webapp.core.events import Event
from webapp.core.mail import MailKind
from webapp.flows.client import Client
from webapp.flows.manage_people import NoSuchPerson
from webapp.store import addresses, events, mail_secrets
from webapp.store.database import transact


def hand_over_link(user_id: str, kind: MailKind, *, by: str, client: Client, now: int) -> tuple[str, str]:
    """Make a link, as if its mail had been sent just now; the id of the mail and the secret.

    Its use does not prove the mailbox, so the address stays as it is. Raises NoSuchPerson or
    DatabaseUnavailable.
    """
    secret = rules.new_link_secret()

    def work(tx: Connection) -> str:
        person = addresses.hold(tx, user_id)
        if person is None:
            raise NoSuchPerson("there is no such account")
        events.record(tx, Event.RESET_ASKED, at=now, user_id=user_id, ip_address=client.ip_address, by=by)
        return mail_secrets.hand_over(
            tx,
            kind,
            person,
            secret_hash=rules.hash_link_secret(secret),
            now=now,
            expires_at=now + rules.SECRET_LIFE[kind],
        )

    return transact(work), secret
