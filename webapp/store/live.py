"""Which sessions are live, in SQL: `SessionRow.is_live` as a condition, written once."""

from __future__ import annotations

from sqlalchemy import BindParameter, ColumnElement, and_, select

from webapp.store.models import AUTH_SESSIONS, USERS


def live(now: int | BindParameter[int]) -> ColumnElement[bool]:
    """The sessions that are live at `now`, for any statement about `auth_sessions`.

    What `SessionRow.is_live` says of one row: not ended, not past its absolute lifetime, of the user's present
    credentials, and the user is not disabled.
    """
    epoch_of_user = (
        select(USERS.c.credential_epoch)
        .where(USERS.c.id == AUTH_SESSIONS.c.user_id, USERS.c.disabled_at.is_(None))
        .correlate(AUTH_SESSIONS)
        .scalar_subquery()
    )
    return and_(
        AUTH_SESSIONS.c.revoked_at.is_(None),
        AUTH_SESSIONS.c.expires_at > now,
        AUTH_SESSIONS.c.credential_epoch == epoch_of_user,
    )
