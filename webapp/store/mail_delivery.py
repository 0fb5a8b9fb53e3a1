"""The courier's statements: claim a mail, and note what became of it. Every change is one conditional statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from webapp.core.mail import CLAIM
from webapp.store.mails import MailRow, get
from webapp.store.models import MAILS


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


def mark_sent(tx: Connection, mail_id: str, now: int) -> None:
    """It is on its way."""
    _note(tx, mail_id, sent_at=now, due_at=None)


def postpone(tx: Connection, mail_id: str, due_at: int) -> None:
    """It could not be sent now; try again at `due_at`."""
    _note(tx, mail_id, due_at=due_at)


def give_up(tx: Connection, mail_id: str, now: int) -> None:
    """It was refused for good, or has waited for too long. Never tried again by itself."""
    _note(tx, mail_id, failed_at=now, due_at=None)


def _note(tx: Connection, mail_id: str, **values: int | None) -> None:
    tx.execute(update(MAILS).where(MAILS.c.id == mail_id).values(claimed_until=None, **values))


def drop(tx: Connection, mail_id: str) -> None:
    """Delete a mail to nobody."""
    tx.execute(delete(MAILS).where(MAILS.c.id == mail_id))


def sent_since(tx: Connection, user_id: str, kind: str, since: int) -> int:
    """How many mails of this kind the person was sent at or after `since`."""
    statement = select(func.count()).where(MAILS.c.user_id == user_id, MAILS.c.kind == kind, MAILS.c.sent_at >= since)
    return int(tx.scalar(statement) or 0)
