"""What the requests of a watched session were: a short memory, for the lab's eyes only."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from webapp.core.session import SessionRow
from webapp.store.driver import Statement, Transaction
from webapp.store.models import AUTH_SESSIONS, LAB_REQUESTS

KEPT = 60
"""Newest requests kept for a session; beyond them the newest of each cell of the matrix, which stays collected."""


class Life(NamedTuple):
    """When a token was issued and when it ends, in Unix seconds."""

    generation: int
    issued_at: int
    expires_at: int


class Record(NamedTuple):
    """One request: what was sent, what was seen, what it did."""

    at: int
    """Unix seconds."""
    method: str
    path: str
    access: str
    refresh: str
    standing: str | None
    cell: str
    """Column of the matrix; `access` is its row."""
    outcome: str
    what: str | None
    """What the exit hook's transaction came to; None where it had nothing to do."""
    generation_before: int
    generation_after: int
    cookies: tuple[str, ...]
    """`+access`, `+refresh`, `-access`, `-refresh`: token cookies set and cleared."""
    microseconds: int
    confirmed: bool = False
    """An UPDATE noted that the new refresh token has been used for the first time."""
    sent: tuple[int | None, int | None] = (None, None)
    """Generations of the access and the refresh token that came along, where they were ours."""
    access_token: Life | None = None
    """The token that the browser holds after the answer; likewise below."""
    refresh_token: Life | None = None
    lever: str = ""
    """The lab's control that acted after the request was decided; empty where it was an ordinary one."""


_FIELDS = frozenset(Record._fields)
_ADD = Statement(
    insert(LAB_REQUESTS)
    .values({name: bindparam(name) for name in ("sid", "user_id", "told", "path", "access", "cell")})
    .inline()
)
_MINE = LAB_REQUESTS.c.sid == bindparam("sid")
_NEWEST = select(LAB_REQUESTS.c.id).where(_MINE).order_by(LAB_REQUESTS.c.id.desc()).limit(KEPT)
_OF_EACH_CELL = select(func.max(LAB_REQUESTS.c.id)).where(_MINE).group_by(LAB_REQUESTS.c.access, LAB_REQUESTS.c.cell)
_FORGET_OLD = Statement(
    delete(LAB_REQUESTS).where(
        _MINE,
        LAB_REQUESTS.c.id.not_in(_NEWEST.scalar_subquery()),
        LAB_REQUESTS.c.id.not_in(_OF_EACH_CELL.scalar_subquery()),
    )
)
_OF_SESSION = Statement(
    select(LAB_REQUESTS.c.told)
    .where(_MINE, LAB_REQUESTS.c.path != bindparam("besides"))
    .order_by(LAB_REQUESTS.c.id.desc())
    .limit(KEPT)
)
_CELLS_OF = Statement(
    select(LAB_REQUESTS.c.access, LAB_REQUESTS.c.cell).where(LAB_REQUESTS.c.user_id == bindparam("user_id")).distinct()
)


def add(tx: Transaction, sid: str, user_id: str, record: Record) -> None:
    """Append a record and forget what is no longer worth keeping."""
    told = json.dumps(record._asdict())
    _ADD.changed(tx, sid=sid, user_id=user_id, told=told, path=record.path, access=record.access, cell=record.cell)
    _FORGET_OLD.changed(tx, sid=sid)


def of_session(tx: Transaction, sid: str, *, besides: str) -> list[Record]:
    """A session's newest requests, newest first, without those to path `besides`."""
    return [_read(told) for (told,) in _OF_SESSION.rows(tx, sid=sid, besides=besides)]


@lru_cache(1024)
def _read(told: str) -> Record:
    values = json.loads(told)
    if not values.keys() <= _FIELDS:  # while hosts are updated one by one, a newer one writes more
        values = {name: value for name, value in values.items() if name in _FIELDS}
    for name in ("access_token", "refresh_token"):
        values[name] = Life(*values[name]) if values.get(name) else None
    return Record(**{**values, "cookies": tuple(values["cookies"]), "sent": tuple(values.get("sent", (None, None)))})


def cells_of(tx: Transaction, user_id: str) -> set[tuple[str, str]]:
    """Cells of the matrix (access state, refresh column) this user's requests have been in."""
    return {(access, cell) for access, cell in _CELLS_OF.rows(tx, user_id=user_id)}


def adopt(tx: Connection, row: SessionRow, now: int) -> None:
    """Give session `row` what is kept of its user's sessions in the same browser that are over.

    So a request of case 1, which ended in a new login, stands in the history that goes on after that login.
    """
    own = select(AUTH_SESSIONS.c.user_agent).where(AUTH_SESSIONS.c.id == row.sid)
    over = select(AUTH_SESSIONS.c.id).where(
        AUTH_SESSIONS.c.user_id == row.user_id,
        AUTH_SESSIONS.c.id != row.sid,
        AUTH_SESSIONS.c.user_agent == own.scalar_subquery(),
        or_(AUTH_SESSIONS.c.revoked_at.is_not(None), AUTH_SESSIONS.c.refresh_expires_at <= now),
    )
    tx.execute(update(LAB_REQUESTS).where(LAB_REQUESTS.c.sid.in_(over.scalar_subquery())).values(sid=row.sid))


def forget(tx: Connection, user_id: str) -> None:
    """Delete all that is kept of a user's requests."""
    tx.execute(delete(LAB_REQUESTS).where(LAB_REQUESTS.c.user_id == user_id))
