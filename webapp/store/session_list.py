"""Sessions as people look at them: all of one person, with why an ended one ended."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, and_, delete, or_, select

from webapp.store.live import live as is_live
from webapp.store.models import AuthSession, User

_sessions = cast(Table, AuthSession.__table__)
_users = cast(Table, User.__table__)

ENDED_SHOWN = 50
"""Ended sessions of one person in a listing; the newest."""


class ListedSession(NamedTuple):
    """One session of a listing."""

    sid: str
    user_id: str
    username: str
    channel: str
    created_at: int
    last_seen_at: int
    expires_at: int
    refresh_expires_at: int
    persistent: bool
    user_agent: str
    ip_address: str
    revoked_at: int | None
    revoked_reason: str | None
    credential_epoch: int
    user_credential_epoch: int
    disabled_at: int | None

    def ending(self, now: int, renewal_window: int) -> tuple[str, int] | None:
        """(reason, Unix second) of its end, or None while it lives.

        Reasons: those of `revoked_reason`; `disabled` and `credentials` (the account's doing); `expired` (its absolute
        lifetime) and `unused` (the refresh token ran out, and with it the window in which it could be renewed).
        """
        if self.revoked_at is not None and self.revoked_at < self.expires_at:
            return self.revoked_reason or "ended", self.revoked_at
        if self.disabled_at is not None:
            return "disabled", self.disabled_at
        if self.credential_epoch != self.user_credential_epoch:
            return "credentials", self.last_seen_at
        if self.refresh_expires_at < self.expires_at and now >= self.refresh_expires_at + renewal_window:
            return "unused", self.refresh_expires_at
        if now >= self.expires_at:
            return "expired", self.expires_at
        return None


def _column(field: str) -> Any:
    match field:
        case "sid":
            return _sessions.c.id.label("sid")
        case "username" | "disabled_at":
            return _users.c[field]
        case "user_credential_epoch":
            return _users.c.credential_epoch.label(field)
    return _sessions.c[field]


_LISTING = select(*(_column(field) for field in ListedSession._fields)).select_from(
    _sessions.join(_users, _users.c.id == _sessions.c.user_id)
)


def of_user(tx: Connection, user_id: str, *, ended_since: int) -> list[ListedSession]:
    """A person's sessions, last used first, those that ended before `ended_since` left out."""
    recent = or_(_sessions.c.revoked_at >= ended_since, _sessions.c.revoked_at.is_(None))
    statement = (
        _LISTING.where(_sessions.c.user_id == user_id, recent, _sessions.c.expires_at >= ended_since)
        # The living first, so that a cut of the list never hides one.
        .order_by(_sessions.c.revoked_at.is_not(None), _sessions.c.last_seen_at.desc(), _sessions.c.id)
        .limit(ENDED_SHOWN + 50)
    )
    return [ListedSession._make(row) for row in tx.execute(statement)]


def live(tx: Connection, *, now: int, user_id: str | None = None, after: str = "", limit: int) -> list[ListedSession]:
    """Sessions whose row is live, of one person or of all, by id, beginning after the id `after`."""
    statement = _LISTING.where(_sessions.c.id > after, is_live(now))
    if user_id is not None:
        statement = statement.where(_sessions.c.user_id == user_id)
    return [ListedSession._make(row) for row in tx.execute(statement.order_by(_sessions.c.id).limit(limit))]


def owner(tx: Connection, sid: str) -> str | None:
    """Whose session this is."""
    return tx.execute(select(_sessions.c.user_id).where(_sessions.c.id == sid)).scalar()


def people_logged_in(tx: Connection, now: int) -> list[str]:
    """Ids of everybody with a session that has not ended."""
    return list(
        tx.execute(
            select(_sessions.c.user_id)
            .where(_sessions.c.revoked_at.is_(None), _sessions.c.expires_at > now)
            .distinct()
            .order_by(_sessions.c.user_id)
        ).scalars()
    )


def purge(tx: Connection, *, ended_before: int, at_most: int) -> int:
    """Delete sessions that were over before `ended_before` (Unix seconds); how many."""
    over = or_(
        _sessions.c.expires_at < ended_before,
        and_(_sessions.c.revoked_at.is_not(None), _sessions.c.revoked_at < ended_before),
    )
    chosen = select(_sessions.c.id).where(over).limit(at_most).with_for_update(skip_locked=True)
    return tx.execute(delete(_sessions).where(_sessions.c.id.in_(chosen))).rowcount
