"""The outbox: queue, claim, note what became of a mail, and use its secret. Every change is one conditional statement.

A mail is queued in the transaction of what it tells of, so both are committed or neither.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select, update

from webapp.core.mail import CLAIM, CODE_TRIES, HOUR, MailKind, can_arrive
from webapp.store.addresses import Contact
from webapp.store.database import MAIL_ON, after_commit
from webapp.store.models import MAILS

HANDED = "handed"
"""In `detail`: an operator handed the link over, so its use proves no mailbox."""

WAITING = threading.Event()
"""Set when this process has committed a mail. Its courier waits for it and need not look every second."""


class MailRow(NamedTuple):
    """A mail; `detail` is a dictionary of our own words and numbers."""

    id: str
    kind: str
    user_id: str | None
    address: str
    language: str
    credential_epoch: int
    detail: dict[str, Any]
    created_at: int
    due_at: int | None
    attempts: int
    sent_at: int | None
    failed_at: int | None
    secret_hash: str | None
    expires_at: int | None
    tries: int
    used_at: int | None


_COLUMNS = [MAILS.c[field] for field in MailRow._fields]


def is_on(tx: Connection) -> bool:
    """Whether this application sends mail. Where it does not, `queue` queues nothing."""
    return bool(tx.get_execution_options().get(MAIL_ON))


def queue(
    tx: Connection,
    kind: MailKind,
    *,
    address: str,
    language: str,
    now: int,
    user_id: str | None = None,
    credential_epoch: int = 0,
    **detail: str | int,
) -> str | None:
    """Put a mail into the outbox and wake this process's courier after the commit; its id, or None with mail off.

    An address that no mail can reach, as a guest's, is treated as nobody's: the courier deletes the row.
    `detail` must hold nothing a person typed: texts of strangers must not travel under our name.
    """
    if not is_on(tx):
        return None
    address = address if can_arrive(address) else ""
    mail_id = secrets.token_hex(16)
    tx.execute(
        insert(MAILS).values(
            id=mail_id,
            kind=kind.value,
            user_id=user_id,
            address=address,
            language=language,
            credential_epoch=credential_epoch,
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
            created_at=now,
            due_at=now,
            attempts=0,
            tries=0,
        )
    )
    after_commit(WAITING.set)
    return mail_id


def hand_over(tx: Connection, kind: MailKind, person: Contact, *, secret_hash: str, now: int, expires_at: int) -> str:
    """Write down a mail that an operator hands over instead of the courier; its id. Also where mail is off."""
    mail_id = secrets.token_hex(16)
    values = {
        "id": mail_id,
        "kind": kind.value,
        "user_id": person.id,
        "address": person.email,
        "language": person.language,
        "credential_epoch": person.credential_epoch,
        "detail": json.dumps({HANDED: 1}),
        "created_at": now,
        "sent_at": now,
        "secret_hash": secret_hash,
        "expires_at": expires_at,
        "attempts": 0,
        "tries": 0,
    }
    tx.execute(insert(MAILS).values(values))
    return mail_id


# The courier's part


def due(tx: Connection, now: int, limit: int) -> list[str]:
    """Ids of mails that may be claimed now, the one that has waited longest first."""
    statement = select(MAILS.c.id).where(MAILS.c.due_at <= now, _free(now)).order_by(MAILS.c.due_at).limit(limit)
    return list(tx.scalars(statement))


def claim(tx: Connection, mail_id: str, now: int) -> MailRow | None:
    """Take a mail for CLAIM seconds; None if another courier has it, or it is sent or given up."""
    statement = (
        update(MAILS)
        .where(MAILS.c.id == mail_id, MAILS.c.sent_at.is_(None), MAILS.c.failed_at.is_(None), _free(now))
        .values(claimed_until=now + CLAIM, attempts=MAILS.c.attempts + 1)
    )
    return get(tx, mail_id) if tx.execute(statement).rowcount == 1 else None


def _free(now: int) -> Any:
    return or_(MAILS.c.claimed_until.is_(None), MAILS.c.claimed_until <= now)


def set_secret(tx: Connection, mail_id: str, secret_hash: str, expires_at: int) -> None:
    """Keep the hash of the secret that is about to be sent. An earlier one of the same mail is dead from now on."""
    values = {"secret_hash": secret_hash, "expires_at": expires_at, "tries": 0}
    tx.execute(update(MAILS).where(MAILS.c.id == mail_id, MAILS.c.used_at.is_(None)).values(values))


def mark_sent(tx: Connection, mail_id: str, now: int) -> None:
    """It is on its way."""
    tx.execute(update(MAILS).where(MAILS.c.id == mail_id).values(sent_at=now, due_at=None, claimed_until=None))


def postpone(tx: Connection, mail_id: str, due_at: int) -> None:
    """It could not be sent now; try again at `due_at`."""
    tx.execute(update(MAILS).where(MAILS.c.id == mail_id).values(due_at=due_at, claimed_until=None))


def give_up(tx: Connection, mail_id: str, now: int) -> None:
    """It was refused for good, or has waited for too long. Never tried again by itself."""
    tx.execute(update(MAILS).where(MAILS.c.id == mail_id).values(failed_at=now, due_at=None, claimed_until=None))


def drop(tx: Connection, mail_id: str) -> None:
    """Delete a mail that nobody is meant to get."""
    tx.execute(delete(MAILS).where(MAILS.c.id == mail_id))


def sent_since(tx: Connection, user_id: str, kind: str, since: int) -> int:
    """How many mails of this kind the person was sent at or after `since`."""
    statement = select(func.count()).where(MAILS.c.user_id == user_id, MAILS.c.kind == kind, MAILS.c.sent_at >= since)
    return int(tx.scalar(statement) or 0)


# Secrets


def get(tx: Connection, mail_id: str) -> MailRow | None:
    """The mail with this id."""
    return _one(tx, select(*_COLUMNS).where(MAILS.c.id == mail_id))


def newest(tx: Connection, user_id: str, kind: MailKind) -> MailRow | None:
    """The person's newest mail of this kind that has a secret: only that one counts."""
    # Of two in the same second the one that was used, or tried more often, is the older one.
    newest_first = (MAILS.c.created_at.desc(), MAILS.c.used_at.is_not(None), MAILS.c.tries, MAILS.c.id.desc())
    of_person = select(*_COLUMNS).where(
        MAILS.c.user_id == user_id, MAILS.c.kind == kind.value, MAILS.c.secret_hash.is_not(None)
    )
    return _one(tx, of_person.order_by(*newest_first).limit(1))


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


# Looking after it


def listed(tx: Connection, *, limit: int, before: tuple[int, str] | None = None) -> list[MailRow]:
    """Mails, newest first; `before` is the (created_at, id) of the last one seen."""
    statement = select(*_COLUMNS).order_by(MAILS.c.created_at.desc(), MAILS.c.id.desc()).limit(limit)
    if before is not None:
        at, mail_id = before
        older = or_(MAILS.c.created_at < at, and_(MAILS.c.created_at == at, MAILS.c.id < mail_id))
        statement = statement.where(older)
    return _all(tx, statement)


def of_person(tx: Connection, user_id: str) -> list[MailRow]:
    """A person's mails, oldest first."""
    return _all(tx, select(*_COLUMNS).where(MAILS.c.user_id == user_id).order_by(MAILS.c.created_at, MAILS.c.id))


class Backlog(NamedTuple):
    """What waits: how many mails, and since when the oldest does (Unix seconds; None: none waits)."""

    waiting: int
    oldest: int | None


def backlog(tx: Connection) -> Backlog:
    """The mails that wait to be sent. Those that nobody is meant to get do not count."""
    waiting = select(func.count(), func.min(MAILS.c.created_at)).where(
        MAILS.c.due_at.is_not(None), MAILS.c.address != ""
    )
    return Backlog._make(tx.execute(waiting).one())


def sweep(tx: Connection, *, before: int, at_most: int) -> int:
    """Delete mails that were sent or given up before `before` and whose secret, if any, has run out; how many."""
    ended = case((MAILS.c.sent_at.is_not(None), MAILS.c.sent_at), else_=MAILS.c.failed_at)
    over = select(MAILS.c.id).where(MAILS.c.due_at.is_(None), ended < before).limit(at_most)
    return tx.execute(delete(MAILS).where(MAILS.c.id.in_(over))).rowcount


def _one(tx: Connection, statement: Any) -> MailRow | None:
    return next(iter(_all(tx, statement)), None)


def _all(tx: Connection, statement: Any) -> list[MailRow]:
    return list(_rows(tx.execute(statement)))


def _rows(found: Iterable[Any]) -> Iterable[MailRow]:
    for values in found:
        row = MailRow._make(values)
        yield row._replace(detail=json.loads(str(row.detail)))
