"""The audit trail: append and read. Nothing secret goes in: names of events and a small, fixed vocabulary.

Every event also becomes one line of the log, once it is committed, so the two never tell different stories.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Select, delete, insert, or_, select

from webapp.core.events import Event
from webapp.core.session import session_label
from webapp.store.database import after_commit
from webapp.store.models import SECURITY_EVENTS, USERS

log = structlog.stdlib.get_logger("webapp.trail")


def record(
    tx: Connection,
    event: Event,
    *,
    at: int,
    user_id: str | None = None,
    sid: str | None = None,
    ip_address: str = "",
    **detail: Any,
) -> None:
    """Append one event. `detail` is stored as JSON and must hold no token, password or key."""
    tx.execute(
        insert(SECURITY_EVENTS).values(
            at=at,
            event=event.value,
            user_id=user_id,
            sid=sid,
            ip_address=ip_address,
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
        )
    )
    label = session_label(sid) if sid else None
    after_commit(lambda: log.info(event.value, user_id=user_id, sid=label, ip=ip_address, **detail))


class EventRow(NamedTuple):
    """One event; `username` is today's name of whom it is about, if there is such a person."""

    id: int
    at: int
    event: str
    user_id: str | None
    sid: str | None
    ip_address: str
    detail: dict[str, Any]
    username: str | None


_LISTING = select(*(SECURITY_EVENTS.c[field] for field in EventRow._fields[:-1]), USERS.c.username).select_from(
    SECURITY_EVENTS.outerjoin(USERS, USERS.c.id == SECURITY_EVENTS.c.user_id)
)


def newest(tx: Connection, user_id: str, *, before: int | None = None, limit: int, lab: bool = True) -> list[EventRow]:
    """Events about a user, newest first, older than event `before`; without `lab`, none of the lab's experiments."""
    statement = _LISTING.where(SECURITY_EVENTS.c.user_id == user_id).order_by(SECURITY_EVENTS.c.id.desc()).limit(limit)
    if not lab:
        statement = statement.where(or_(SECURITY_EVENTS.c.sid.is_(None), SECURITY_EVENTS.c.sid.not_in(_lab(user_id))))
    if before is not None:
        statement = statement.where(SECURITY_EVENTS.c.id < before)
    return [_row(values) for values in tx.execute(statement)]


def lab_sids(tx: Connection, user_id: str, sids: Collection[str]) -> frozenset[str]:
    """Those of the session ids that the lab's experiments opened for this user."""
    statement = _lab(user_id).where(SECURITY_EVENTS.c.sid.in_(sids))
    return frozenset(tx.execute(statement).scalars()) if sids else frozenset()


def _lab(user_id: str) -> Select[Any]:
    # Only the start of an experiment's session says that it is one; all its other events come from the real code.
    return select(SECURITY_EVENTS.c.sid).where(
        SECURITY_EVENTS.c.user_id == user_id,
        SECURITY_EVENTS.c.event == Event.SESSION_STARTED,
        SECURITY_EVENTS.c.detail.contains('"lab": true'),
    )


def trail(tx: Connection, *, user_id: str | None = None, after: int = 0, limit: int) -> list[EventRow]:
    """Events after number `after`, oldest first; of one person: what is about them and what they did to others."""
    statement = _LISTING.where(SECURITY_EVENTS.c.id > after).order_by(SECURITY_EVENTS.c.id).limit(limit)
    if user_id is not None:
        theirs = f'"by": "{user_id}"'
        statement = statement.where(
            or_(SECURITY_EVENTS.c.user_id == user_id, SECURITY_EVENTS.c.detail.contains(theirs))
        )
    return [_row(values) for values in tx.execute(statement)]


def purge(tx: Connection, *, before: int, at_most: int) -> int:
    """Delete events written before `before` (Unix seconds), oldest first; how many."""
    # By number, which grows with time, so no index on `at` is needed, and no batch reads more than its own rows.
    oldest = select(SECURITY_EVENTS.c.id, SECURITY_EVENTS.c.at).order_by(SECURITY_EVENTS.c.id).limit(at_most).subquery()
    over = select(oldest.c.id).where(oldest.c.at < before)
    return tx.execute(delete(SECURITY_EVENTS).where(SECURITY_EVENTS.c.id.in_(over))).rowcount


def _row(values: Any) -> EventRow:
    row = EventRow._make(values)
    return row._replace(detail=json.loads(str(row.detail)))
