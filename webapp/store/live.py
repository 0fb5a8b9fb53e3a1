"""Which sessions are live, in SQL: `SessionRow.is_live` as a condition, written once.

Queries that use it read from `auth_sessions` joined with `users`.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import BindParameter, ColumnElement, Table, and_, func

from webapp.store.models import AuthSession, User

_sessions = cast(Table, AuthSession.__table__)
_users = cast(Table, User.__table__)


def live(now: int | BindParameter[int]) -> ColumnElement[bool]:
    """Neither ended nor past its lifetime, of a user who is enabled and has not changed credentials since.

    `now`: Unix seconds, or a parameter.
    """
    return and_(
        _sessions.c.revoked_at.is_(None),
        _sessions.c.expires_at > now,
        _users.c.disabled_at.is_(None),
        _sessions.c.credential_epoch == _users.c.credential_epoch,
    )


def has_run_out(now: int, renewal_window: int) -> ColumnElement[bool]:
    """The refresh token expired unused and can no longer be renewed, so no request can use this live session.

    Listings leave such sessions out. `renewal_window`: seconds (the application's; a session may have its own).
    """
    window = func.coalesce(_sessions.c.access_ttl, renewal_window)
    return and_(
        _sessions.c.refresh_expires_at < _sessions.c.expires_at,
        _sessions.c.refresh_expires_at + window <= now,
    )
