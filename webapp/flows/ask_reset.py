"""Ask for a link that chooses a new password. The same work and the same answer for a known and an unknown user."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.mail import MailKind
from webapp.store import addresses, mails
from webapp.store.database import transact


def ask_reset(login: str, *, now: int) -> None:
    """Queue a link for the account with this username or address. Raises DatabaseUnavailable.

    One SELECT and one INSERT, hit or miss. A miss queues a mail to nobody, which the courier deletes. The mail goes to
    the address that is stored, never to the one typed. Two spellings may be one name here and two mailboxes there.
    """

    def work(tx: Connection) -> None:
        found = addresses.find_and_hold(tx, login)
        meant = found if found is not None and found.disabled_at is None else None
        mails.queue(
            tx,
            MailKind.RESET,
            address=meant.email if meant else "",
            language=meant.language if meant else "en",
            user_id=meant.id if meant else None,
            credential_epoch=meant.credential_epoch if meant else 0,
            now=now,
        )

    transact(work)
