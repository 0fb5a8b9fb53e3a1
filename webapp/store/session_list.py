"""Sessions as people look at them: which live, all of one person, with why an ended one ended."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, case, delete, func, or_, select

from webapp.core.session import Ending, EndReason
from webapp.store.database import DatabaseUnavailable, read
from webapp.store.driver import Statement, Transaction
from webapp.store.live import live
from webapp.store.models import AUTH_SESSIONS, USERS

log = logging.getLogger(__name__)

ENDED_SHOWN = 50
"""Ended sessions of one person in a listing; the newest."""
COUNT_PATIENCE = 1.0
"""Seconds that counting live sessions may take."""
SAMPLED = 4096
"""Rows that are looked at to tell how many sessions are live."""
ID_SPACE = 16**32
"""Ids there can be: 32 hexadecimal digits."""


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
    access_ttl: int | None
    persistent: bool
    user_agent: str
    ip_address: str
    revoked_at: int | None
    revoked_reason: str | None
    credential_epoch: int
    user_credential_epoch: int
    disabled_at: int | None
    amr: str

    def ending(self, now: int, renewal_window: int) -> tuple[str, int] | None:
        """(reason, Unix second) of its end, or None while it lives.

        Reasons: those of `revoked_reason`; `disabled` and `credentials` (the account's doing); `expired` (its absolute
        lifetime) and `unused` (the refresh token ran out, and with it the window in which it could be renewed).
        `renewal_window` is the application's; a session with lifetimes of its own has its own.
        """
        if self.revoked_at is not None and self.revoked_at < self.expires_at:
            return self.revoked_reason or EndReason.ENDED, self.revoked_at
        if self.disabled_at is not None:
            return Ending.DISABLED, self.disabled_at
        if self.credential_epoch != self.user_credential_epoch:
            return Ending.CREDENTIALS, self.last_seen_at
        usable_until = self.refresh_expires_at + (self.access_ttl or renewal_window)
        if self.refresh_expires_at < self.expires_at and now >= usable_until:
            return Ending.UNUSED, self.refresh_expires_at
        if now >= self.expires_at:
            return Ending.EXPIRED, self.expires_at
        return None


def _column(field: str) -> Any:
    match field:
        case "sid":
            return AUTH_SESSIONS.c.id.label("sid")
        case "username" | "disabled_at":
            return USERS.c[field]
        case "user_credential_epoch":
            return USERS.c.credential_epoch.label(field)
    return AUTH_SESSIONS.c[field]


_LISTING = select(*(_column(field) for field in ListedSession._fields)).select_from(
    AUTH_SESSIONS.join(USERS, USERS.c.id == AUTH_SESSIONS.c.user_id)
)


def has_any(tx: Connection, user_id: str) -> bool:
    """Has this person a session, ended ones included?"""
    return tx.execute(select(AUTH_SESSIONS.c.id).where(AUTH_SESSIONS.c.user_id == user_id).limit(1)).first() is not None


_SINCE: BindParameter[int] = bindparam("ended_since")
_OF_USER = Statement(
    _LISTING.where(
        AUTH_SESSIONS.c.user_id == bindparam("user_id"),
        or_(AUTH_SESSIONS.c.revoked_at >= _SINCE, AUTH_SESSIONS.c.revoked_at.is_(None)),
        AUTH_SESSIONS.c.expires_at >= _SINCE,
    )
    # The living first, so that a cut of the list never hides one.
    .order_by(AUTH_SESSIONS.c.revoked_at.is_not(None), AUTH_SESSIONS.c.last_seen_at.desc(), AUTH_SESSIONS.c.id)
    .limit(bindparam("most"))
)


def of_user(tx: Transaction, user_id: str, *, ended_since: int, limit: int = ENDED_SHOWN + 50) -> list[ListedSession]:
    """A person's sessions, last used first, those that ended before `ended_since` left out; at most `limit`."""
    rows = _OF_USER.rows(tx, user_id=user_id, ended_since=ended_since, most=limit)
    return [ListedSession._make(row) for row in rows]


def live_of(tx: Connection, user_id: str, now: int) -> list[ListedSession]:
    """A person's live sessions, oldest first."""
    statement = _LISTING.where(AUTH_SESSIONS.c.user_id == user_id, live(now)).order_by(AUTH_SESSIONS.c.created_at)
    return [ListedSession._make(row) for row in tx.execute(statement)]


def live_page(tx: Connection, *, now: int, after: str, limit: int) -> tuple[list[ListedSession], str | None]:
    """The live ones of the `limit` sessions behind the id `after`, by id; and the last id looked at, None at the end.

    The page is cut before it is judged, so it costs the same wherever it begins, and whatever PostgreSQL believes about
    how many are live.
    """
    looked_at = ids(tx, after=after, limit=limit)
    if not looked_at:
        return [], None
    key = AUTH_SESSIONS.c.id
    statement = _LISTING.where(key.in_(looked_at), live(now)).order_by(key)
    return [ListedSession._make(row) for row in tx.execute(statement)], looked_at[-1]


def ids(tx: Connection, *, after: str, limit: int) -> list[str]:
    """Ids of sessions, ended ones included, in their order, behind `after`; at most `limit`."""
    key = AUTH_SESSIONS.c.id
    return list(tx.execute(select(key).where(key > after).order_by(key).limit(limit)).scalars())


def live_among(tx: Connection, sids: list[str], now: int) -> list[str]:
    """Those of these few sessions that are live."""
    statement = _LISTING.where(AUTH_SESSIONS.c.id.in_(sids), live(now)).order_by(AUTH_SESSIONS.c.id)
    return [row.sid for row in tx.execute(statement)]


def live_sids(tx: Connection, user_id: str, now: int, channel: str | None = None) -> list[str]:
    """Ids of a person's live sessions, of one channel or of both; the least recently used last."""
    statement = select(AUTH_SESSIONS.c.id).where(AUTH_SESSIONS.c.user_id == user_id, live(now))
    if channel is not None:
        statement = statement.where(AUTH_SESSIONS.c.channel == channel)
    by_use = (AUTH_SESSIONS.c.last_seen_at.desc(), AUTH_SESSIONS.c.created_at.desc(), AUTH_SESSIONS.c.id)
    return list(tx.execute(statement.order_by(*by_use)).scalars())


def has_begun(tx: Connection, user_id: str, channel: str, user_agent: str) -> bool:
    """Whether a session of this person has begun with this user agent on this channel, ended ones included."""
    statement = select(AUTH_SESSIONS.c.id).where(
        AUTH_SESSIONS.c.user_id == user_id,
        AUTH_SESSIONS.c.channel == channel,
        AUTH_SESSIONS.c.user_agent == user_agent,
    )
    return tx.execute(statement.limit(1)).first() is not None


def owner(tx: Connection, sid: str) -> str | None:
    """Whose session this is."""
    return tx.execute(select(AUTH_SESSIONS.c.user_id).where(AUTH_SESSIONS.c.id == sid)).scalar()


def estimate_live(now: int) -> int | None:
    """How many sessions are live: exactly where there are fewer than SAMPLED rows, else within some percent.

    Ids are random, so the first SAMPLED rows in their order are a fair sample. The last of those ids tells which
    share of the table they are. None if the database is busy or away, because it is never worth waiting for.
    """
    sample = (
        select(AUTH_SESSIONS.c.id, case((live(now), 1), else_=0).label("live"))
        .order_by(AUTH_SESSIONS.c.id)
        .limit(SAMPLED)
        .subquery()
    )
    statement = select(func.count(), func.sum(sample.c.live), func.max(sample.c.id)).select_from(sample)
    try:
        rows, alive, last = read(lambda tx: tx.execute(statement).one(), patience=COUNT_PATIENCE)
    except DatabaseUnavailable:
        log.warning("live sessions not counted: the database is busy or away")
        return None
    return int(alive or 0) if rows < SAMPLED else round(alive / (int(last, 16) / ID_SPACE))


def purge_expired(tx: Connection, *, ended_before: int, at_most: int) -> int:
    """Delete sessions whose absolute lifetime was over before `ended_before` (Unix seconds); how many."""
    return _purge(tx, AUTH_SESSIONS.c.expires_at, ended_before, at_most)


def purge_ended(tx: Connection, *, ended_before: int, at_most: int) -> int:
    """Delete sessions that were ended before `ended_before` (Unix seconds); how many."""
    return _purge(tx, AUTH_SESSIONS.c.revoked_at, ended_before, at_most)


def _purge(tx: Connection, over_at: ColumnElement[int], before: int, at_most: int) -> int:
    # In the order of one index, because a condition on both columns at once would read the whole table to find the last
    # few.
    chosen = (
        select(AUTH_SESSIONS.c.id)
        .where(over_at < before)
        .order_by(over_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    return tx.execute(delete(AUTH_SESSIONS).where(AUTH_SESSIONS.c.id.in_(chosen))).rowcount
