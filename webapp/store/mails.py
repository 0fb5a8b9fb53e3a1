"""The outbox: queue a mail, find mails, list them, delete old ones.

A mail is queued in the transaction of the event that it tells of, so both are committed or neither. The courier's
statements are in `store/mail_delivery.py`, those of links and codes in `store/mail_secrets.py`.
"""

from __future__ import annotations

import json
import secrets
import threading
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, insert, or_, select

from webapp.core.mail import MailKind, can_arrive
from webapp.store.database import MAIL_ON, after_commit
from webapp.store.models import MAILS

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


_MAILS = select(*(MAILS.c[field] for field in MailRow._fields))


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

    An address that no mail can reach, as a guest's, is treated as nobody's, so the courier deletes the row.
    `detail` must contain nothing that a person typed, because texts of strangers must not travel under our name.
    """
    if not is_on(tx):
        return None
    mail_id = add(
        tx,
        kind=kind.value,
        user_id=user_id,
        address=address if can_arrive(address) else "",
        language=language,
        credential_epoch=credential_epoch,
        detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
        created_at=now,
        due_at=now,
    )
    after_commit(WAITING.set)
    return mail_id


def add(tx: Connection, **values: str | int | None) -> str:
    """Insert a row and return its id."""
    mail_id = secrets.token_hex(16)
    tx.execute(insert(MAILS).values(id=mail_id, attempts=0, tries=0, **values))
    return mail_id


def get(tx: Connection, mail_id: str) -> MailRow | None:
    """The mail with this id."""
    return one(tx, MAILS.c.id == mail_id)


def listed(tx: Connection, *, limit: int, before: tuple[int, str] | None = None) -> list[MailRow]:
    """Mails, newest first; `before` is the (created_at, id) of the last one seen."""
    statement = _MAILS.order_by(MAILS.c.created_at.desc(), MAILS.c.id.desc()).limit(limit)
    if before is not None:
        at, mail_id = before
        older = or_(MAILS.c.created_at < at, and_(MAILS.c.created_at == at, MAILS.c.id < mail_id))
        statement = statement.where(older)
    return _all(tx, statement)


def of_person(tx: Connection, user_id: str, *, limit: int) -> list[MailRow]:
    """A person's mails, newest first, at most `limit`."""
    theirs = _MAILS.where(MAILS.c.user_id == user_id)
    return _all(tx, theirs.order_by(MAILS.c.created_at.desc(), MAILS.c.id).limit(limit))


class Backlog(NamedTuple):
    """What waits: how many mails, and since when the oldest does (Unix seconds; None: none waits)."""

    waiting: int
    oldest: int | None


def backlog(tx: Connection) -> Backlog:
    """The mails that wait to be sent. Mails to nobody do not count."""
    waiting = select(func.count(), func.min(MAILS.c.created_at)).where(
        MAILS.c.due_at.is_not(None), MAILS.c.address != ""
    )
    return Backlog._make(tx.execute(waiting).one())


def sweep(tx: Connection, *, before: int, at_most: int) -> int:
    """Delete mails that were sent or given up before `before` and whose secret, if any, has run out; how many."""
    ended = case((MAILS.c.sent_at.is_not(None), MAILS.c.sent_at), else_=MAILS.c.failed_at)
    over = select(MAILS.c.id).where(MAILS.c.due_at.is_(None), ended < before).limit(at_most)
    return tx.execute(delete(MAILS).where(MAILS.c.id.in_(over))).rowcount


def one(tx: Connection, condition: ColumnElement[bool], *order: Any) -> MailRow | None:
    """The first mail, in this order, that meets the condition."""
    return next(iter(_all(tx, _MAILS.where(condition).order_by(*order).limit(1))), None)


def _all(tx: Connection, statement: Select[Any]) -> list[MailRow]:
    rows = (MailRow._make(values) for values in tx.execute(statement))
    return [row._replace(detail=json.loads(str(row.detail))) for row in rows]
