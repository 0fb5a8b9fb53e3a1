"""The session row: load, start, rotate, confirm, revoke. Every write is one conditional statement.

How many rows a statement changed decides who won. Nothing here reads first and then writes unconditionally.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from webapp.core.tokens import Channel, new_jti
from webapp.store.driver import Statement, Transaction
from webapp.store.models import AuthSession, User

_sessions = cast(Table, AuthSession.__table__)
_users = cast(Table, User.__table__)


class SessionRow(NamedTuple):
    """A session joined with its user: all that an authenticated request needs to know."""

    sid: str
    user_id: str
    channel: str
    created_at: int
    auth_time: int
    expires_at: int
    last_seen_at: int
    persistent: bool
    credential_epoch: int
    revoked_at: int | None
    revoked_reason: str | None
    refresh_generation: int
    refresh_jti: str
    refresh_issued_at: int
    refresh_expires_at: int
    refresh_confirmed_at: int | None
    previous_refresh_jti: str | None
    access_ttl: int | None
    refresh_ttl: int | None
    watched_from: int | None
    username: str
    email: str
    name: str
    role: str
    theme: str
    language: str
    user_credential_epoch: int
    disabled_at: int | None

    def is_live(self, now: int) -> bool:
        """Not ended, not past its absolute lifetime, and no older than the user's last change of credentials."""
        return (
            self.revoked_at is None
            and now < self.expires_at
            and self.disabled_at is None
            and self.credential_epoch == self.user_credential_epoch
        )


_OF_USER = {"user_credential_epoch": "credential_epoch"}
_USER_FIELDS = frozenset("username email name role theme language user_credential_epoch disabled_at".split())


def _column(field: str) -> Any:
    if field in _USER_FIELDS:
        return _users.c[_OF_USER.get(field, field)].label(field)
    return _sessions.c["id" if field == "sid" else field].label(field)


_BY_SID = (
    select(*(_column(field) for field in SessionRow._fields))
    .select_from(_sessions.join(_users, _users.c.id == _sessions.c.user_id))
    .where(_sessions.c.id == bindparam("sid"))
)
_LOAD = Statement(_BY_SID)


def load(sid: str) -> SessionRow | None:
    """The one SELECT of an authenticated request, by primary key. Raises DatabaseUnavailable."""
    row = _LOAD.first(sid=sid)
    return None if row is None else SessionRow._make(row)


def reload(tx: Connection, sid: str) -> SessionRow | None:
    """The row as this transaction sees it."""
    row = tx.execute(_BY_SID, {"sid": sid}).first()
    return None if row is None else SessionRow._make(row)


def start(
    tx: Connection,
    *,
    user_id: str,
    credential_epoch: int,
    channel: Channel,
    persistent: bool,
    user_agent: str,
    ip_address: str,
    now: int,
    expires_at: int,
    refresh_expires_at: int,
) -> SessionRow:
    """Insert a session in generation 0, not yet confirmed.

    `credential_epoch` is the user's as it was when the password was read: if a password change came in between,
    the session is dead on arrival.
    """
    sid = secrets.token_hex(16)  # hex, so that no id looks like an option on a command line
    tx.execute(
        insert(_sessions).values(
            id=sid,
            user_id=user_id,
            channel=channel,
            created_at=now,
            auth_time=now,
            expires_at=expires_at,
            last_seen_at=now,
            persistent=persistent,
            user_agent=user_agent,
            ip_address=ip_address,
            credential_epoch=credential_epoch,
            refresh_generation=0,
            refresh_jti=new_jti(),
            refresh_issued_at=now,
            refresh_expires_at=refresh_expires_at,
        )
    )
    row = reload(tx, sid)
    assert row is not None
    return row


_ROTATE = Statement(
    update(_sessions)
    .where(
        _sessions.c.id == bindparam("sid"),
        _sessions.c.refresh_generation == bindparam("gen"),
        _sessions.c.refresh_jti == bindparam("jti"),
        _sessions.c.revoked_at.is_(None),
        _sessions.c.expires_at > bindparam("now"),
        _sessions.c.credential_epoch
        == select(_users.c.credential_epoch)
        .where(_users.c.id == _sessions.c.user_id, _users.c.disabled_at.is_(None))
        .scalar_subquery(),
    )
    .values(
        refresh_generation=bindparam("gen") + 1,
        previous_refresh_jti=_sessions.c.refresh_jti,
        refresh_jti=bindparam("new_jti"),
        refresh_issued_at=bindparam("now"),
        refresh_expires_at=bindparam("new_expiry"),
        refresh_confirmed_at=None,
        last_seen_at=bindparam("now"),
    )
)


def successor_of(row: SessionRow, *, now: int, refresh_expires_at: int) -> SessionRow:
    """The row as a rotation at `now` will leave it, with the next generation's jti. Changes nothing."""
    return row._replace(
        refresh_generation=row.refresh_generation + 1,
        previous_refresh_jti=row.refresh_jti,
        refresh_jti=new_jti(),
        refresh_issued_at=now,
        refresh_expires_at=refresh_expires_at,
        refresh_confirmed_at=None,
        last_seen_at=now,
    )


def rotate(tx: Transaction, row: SessionRow, successor: SessionRow) -> bool:
    """Replace the refresh token of `row`'s generation by its successor's.

    One statement: of many requests that try, one wins; for the others, and whoever comes after a log-out, it is False.
    """
    changed = _ROTATE.changed(
        tx,
        sid=row.sid,
        gen=row.refresh_generation,
        jti=row.refresh_jti,
        now=successor.refresh_issued_at,
        new_jti=successor.refresh_jti,
        new_expiry=successor.refresh_expires_at,
    )
    return changed == 1


_CONFIRM = Statement(
    update(_sessions)
    .where(
        _sessions.c.id == bindparam("sid"),
        _sessions.c.refresh_generation == bindparam("gen"),
        _sessions.c.refresh_confirmed_at.is_(None),
        _sessions.c.revoked_at.is_(None),
    )
    .values(refresh_confirmed_at=bindparam("now"), last_seen_at=bindparam("now"))
)


def confirm(tx: Transaction, sid: str, generation: int, now: int) -> bool:
    """Note that the client holds generation `generation`. True if this call was the first to."""
    return _CONFIRM.changed(tx, sid=sid, gen=generation, now=now) == 1


def revoke(tx: Connection, sid: str, reason: str, now: int) -> bool:
    """End a session. True if this call ended it; a session that is already ended keeps its reason."""
    statement = (
        update(_sessions)
        .where(_sessions.c.id == sid, _sessions.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason)
    )
    return tx.execute(statement).rowcount == 1


def revoke_all_of(tx: Connection, sids: Collection[str], reason: str, now: int) -> list[str]:
    """End these sessions; the ids of those that this call ended."""
    return [sid for sid in sorted(sids) if revoke(tx, sid, reason, now)]


def owners(tx: Connection, sids: Collection[str]) -> dict[str, str]:
    """The user id of each of these sessions."""
    if not sids:
        return {}
    rows = tx.execute(select(_sessions.c.id, _sessions.c.user_id).where(_sessions.c.id.in_(sids)))
    return {row.id: row.user_id for row in rows}
