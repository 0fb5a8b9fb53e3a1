"""What the requests of a watched session were: a short memory, for the lab's eyes only."""

from __future__ import annotations

from typing import NamedTuple, cast

from sqlalchemy import Connection, Table, delete, func, insert, select

from webapp.store.models import LabRequest

KEPT = 60
"""Newest requests kept for a session; beyond them the newest of each cell of the matrix, which stays collected."""

_requests = cast(Table, LabRequest.__table__)


class Record(NamedTuple):
    """One request: what was sent, what was seen, what it did. Times are Unix seconds."""

    sid: str
    user_id: str
    at: int
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
    cookies: str
    """`+access`, `+refresh`, `-access`, `-refresh`: token cookies set and cleared."""
    microseconds: int
    access_gen: int | None
    access_iat: int | None
    access_exp: int | None
    """Of the access token the browser holds after the answer; likewise the refresh token's below."""
    refresh_gen: int | None
    refresh_iat: int | None
    refresh_exp: int | None


def add(tx: Connection, record: Record) -> None:
    """Append a record and forget what is no longer worth keeping."""
    tx.execute(insert(_requests).values(**record._asdict()))
    mine = _requests.c.sid == record.sid
    newest = select(_requests.c.id).where(mine).order_by(_requests.c.id.desc()).limit(KEPT)
    of_each_cell = select(func.max(_requests.c.id)).where(mine).group_by(_requests.c.access, _requests.c.cell)
    tx.execute(
        delete(_requests).where(
            mine, _requests.c.id.not_in(newest.scalar_subquery()), _requests.c.id.not_in(of_each_cell.scalar_subquery())
        )
    )


def of_session(tx: Connection, sid: str, *, besides: str, limit: int = KEPT) -> list[Record]:
    """A session's newest requests, newest first, without those to path `besides`."""
    columns = [_requests.c[name] for name in Record._fields]
    statement = (
        select(*columns)
        .where(_requests.c.sid == sid, _requests.c.path != besides)
        .order_by(_requests.c.id.desc())
        .limit(limit)
    )
    return [Record._make(row) for row in tx.execute(statement)]


def cells_of(tx: Connection, user_id: str) -> set[tuple[str, str]]:
    """Cells of the matrix (access state, refresh column) this person's requests have been in."""
    statement = select(_requests.c.access, _requests.c.cell).where(_requests.c.user_id == user_id).distinct()
    return {(access, cell) for access, cell in tx.execute(statement)}
