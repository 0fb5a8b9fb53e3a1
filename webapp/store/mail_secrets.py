"""The secrets of mailed links and codes: their hashes, and their use. Every change is one conditional statement."""

from __future__ import annotations

import json

from sqlalchemy import Connection, and_, or_, select, update

from webapp.core.mail import CODE_TRIES, HOUR, MailKind
from webapp.store.addresses import Contact
from webapp.store.mails import MailRow, add, one
from webapp.store.models import MAILS

HANDED = "handed"
"""In `detail`: an operator handed the link over, so its use proves no mailbox."""


def hand_over(tx: Connection, kind: MailKind, person: Contact, *, secret_hash: str, now: int, expires_at: int) -> str:
    """Write down a mail that an operator hands over instead of the courier; its id. Also where mail is off."""
    return add(
        tx,
        kind=kind.value,
        user_id=person.id,
        address=person.email,
        language=person.language,
        credential_epoch=person.credential_epoch,
        detail=json.dumps({HANDED: 1}),
        created_at=now,
        sent_at=now,
        secret_hash=secret_hash,
        expires_at=expires_at,
    )


def set_secret(tx: Connection, mail_id: str, secret_hash: str, expires_at: int) -> None:
    """Keep the hash of the secret that is about to be sent. An earlier one of the same mail is dead from now on."""
    values = {"secret_hash": secret_hash, "expires_at": expires_at, "tries": 0}
    tx.execute(update(MAILS).where(MAILS.c.id == mail_id, MAILS.c.used_at.is_(None)).values(values))


def newest(tx: Connection, user_id: str, kind: MailKind) -> MailRow | None:
    """The person's newest mail of this kind that has a secret. Only that one counts."""
    # Of two in the same second the one that was used, or tried more often, is the older one.
    newest_first = (MAILS.c.created_at.desc(), MAILS.c.used_at.is_not(None), MAILS.c.tries, MAILS.c.id.desc())
    theirs = and_(MAILS.c.user_id == user_id, MAILS.c.kind == kind.value, MAILS.c.secret_hash.is_not(None))
    return one(tx, theirs, *newest_first)


def awaited_at(tx: Connection, user_id: str, kind: MailKind, *, credential_epoch: int, now: int) -> str | None:
    """The address that a mail of this kind is on its way to, or has reached with a secret that is still good."""
    open_one = select(MAILS.c.address).where(
        MAILS.c.user_id == user_id,
        MAILS.c.kind == kind.value,
        MAILS.c.credential_epoch == credential_epoch,
        MAILS.c.used_at.is_(None),
        MAILS.c.failed_at.is_(None),
        MAILS.c.tries < CODE_TRIES,
        or_(MAILS.c.expires_at > now, and_(MAILS.c.expires_at.is_(None), MAILS.c.created_at > now - HOUR)),
    )
    return tx.scalar(open_one.order_by(MAILS.c.created_at.desc(), MAILS.c.id.desc()).limit(1))


def use(tx: Connection, mail_id: str, *, credential_epoch: int, now: int) -> bool:
    """Use a mail's secret up. True for one caller only, and only while it is good for this epoch."""
    statement = update(MAILS).where(
        MAILS.c.id == mail_id,
        MAILS.c.used_at.is_(None),
        MAILS.c.expires_at > now,
        MAILS.c.credential_epoch == credential_epoch,
    )
    return tx.execute(statement.values(used_at=now)).rowcount == 1


def count_try(tx: Connection, mail_id: str) -> bool:
    """Count a try of a mailed code, before the code is compared. False once CODE_TRIES are used up."""
    statement = update(MAILS).where(MAILS.c.id == mail_id, MAILS.c.tries < CODE_TRIES, MAILS.c.used_at.is_(None))
    return tx.execute(statement.values(tries=MAILS.c.tries + 1)).rowcount == 1
