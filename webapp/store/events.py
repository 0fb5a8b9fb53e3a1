"""The audit trail: append and read. Nothing secret goes in: names of events and a small, fixed vocabulary.

Every event also becomes one line of the log, once it is committed: the two never tell different stories.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, cast

import structlog
from sqlalchemy import Connection, Table, insert, or_, select

from webapp.core.events import Event
from webapp.store.database import after_commit
from webapp.store.models import SecurityEvent, User

log = structlog.stdlib.get_logger("webapp.trail")

_events = cast(Table, SecurityEvent.__table__)
_users = cast(Table, User.__table__)


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
        insert(_events).values(
            at=at,
            event=event.value,
            user_id=user_id,
            sid=sid,
            ip_address=ip_address,
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
        )
    )
    after_commit(lambda: log.info(event.value, user_id=user_id, sid=sid, ip=ip_address, **detail))


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


_LISTING = select(*(_events.c[field] for field in EventRow._fields[:-1]), _users.c.username).select_from(
    _events.outerjoin(_users, _users.c.id == _events.c.user_id)
)


def newest(tx: Connection, user_id: str, *, before: int | None = None, limit: int) -> list[EventRow]:
    """Events about a person, newest first, older than the event `before`."""
    statement = _LISTING.where(_events.c.user_id == user_id).order_by(_events.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(_events.c.id < before)
    return [_row(values) for values in tx.execute(statement)]


def trail(tx: Connection, *, user_id: str | None = None, after: int = 0, limit: int) -> list[EventRow]:
    """Events after number `after`, oldest first; of one person: what is about them and what they did to others."""
    statement = _LISTING.where(_events.c.id > after).order_by(_events.c.id).limit(limit)
    if user_id is not None:
        theirs = f'"by": "{user_id}"'
        statement = statement.where(or_(_events.c.user_id == user_id, _events.c.detail.contains(theirs)))
    return [_row(values) for values in tx.execute(statement)]


def _row(values: Any) -> EventRow:
    row = EventRow._make(values)
    return row._replace(detail=json.loads(str(row.detail)))
