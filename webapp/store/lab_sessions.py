"""Changes the lab makes to session rows. Each is one conditional statement.

The conditions name generation and jti, so a request that another tab has overtaken changes nothing.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Table, delete, update

from webapp.core.session import SessionRow
from webapp.store.models import AuthSession

_sessions = cast(Table, AuthSession.__table__)


def change(tx: Connection, row: SessionRow, **values: Any) -> SessionRow | None:
    """Set columns of a live row whose refresh token is still `row`'s; the new row, or None if it is not any more."""
    statement = (
        update(_sessions)
        .where(
            _sessions.c.id == row.sid,
            _sessions.c.refresh_generation == row.refresh_generation,
            _sessions.c.refresh_jti == row.refresh_jti,
            _sessions.c.revoked_at.is_(None),
        )
        .values(**values)
    )
    return row._replace(**values) if tx.execute(statement).rowcount == 1 else None


def watch(tx: Connection, sid: str, now: int) -> None:
    """Note since when the session's requests are kept."""
    tx.execute(
        update(_sessions).where(_sessions.c.id == sid, _sessions.c.watched_from.is_(None)).values(watched_from=now)
    )


def forget(tx: Connection, sid: str) -> None:
    """Delete an act's own session once it has ended; the trail keeps what it was."""
    tx.execute(delete(_sessions).where(_sessions.c.id == sid, _sessions.c.revoked_at.is_not(None)))
