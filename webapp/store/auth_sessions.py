"""The session row: load, start, rotate, confirm, revoke. Every write is one conditional statement.

How many rows a statement changed decides who won. Nothing here reads first and then writes unconditionally.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from webapp.core.freshness import PASSWORD
from webapp.core.session import Channel, EndReason, SessionRow, new_jti
from webapp.store.driver import Statement, Transaction
from webapp.store.live import live
from webapp.store.models import AUTH_SESSIONS, USERS

_OF_USER = {"user_credential_epoch": "credential_epoch"}
_USER_FIELDS = frozenset(
    "username email name role theme language user_credential_epoch disabled_at email_verified_at".split()
)


def _column(field: str) -> Any:
    if field in _USER_FIELDS:
        return USERS.c[_OF_USER.get(field, field)].label(field)
    return AUTH_SESSIONS.c["id" if field == "sid" else field].label(field)


_BY_SID = (
    select(*(_column(field) for field in SessionRow._fields))
    .select_from(AUTH_SESSIONS.join(USERS, USERS.c.id == AUTH_SESSIONS.c.user_id))
    .where(AUTH_SESSIONS.c.id == bindparam("sid"))
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
    sid: str | None = None,
    user_id: str,
    credential_epoch: int,
    channel: Channel,
    persistent: bool,
    user_agent: str,
    ip_address: str,
    now: int,
    expires_at: int,
    refresh_expires_at: int,
    amr: str = PASSWORD,
) -> SessionRow:
    """Insert a session in generation 0, not yet confirmed.

    `credential_epoch` is the user's as it was when the password was read. If a password change came in between,
    the session is dead on arrival. `sid` is a new random id, unless it is given.
    """
    sid = sid or secrets.token_hex(16)  # hex, so that no id looks like an option on a command line
    tx.execute(
        insert(AUTH_SESSIONS).values(
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
            amr=amr,
        )
    )
    row = reload(tx, sid)
    assert row is not None
    return row


_ROTATE = Statement(
    update(AUTH_SESSIONS)
    .where(
        AUTH_SESSIONS.c.id == bindparam("sid"),
        AUTH_SESSIONS.c.refresh_generation == bindparam("gen"),
        AUTH_SESSIONS.c.refresh_jti == bindparam("jti"),
        live(bindparam("now")),
    )
    .values(
        refresh_generation=bindparam("gen") + 1,
        previous_refresh_jti=AUTH_SESSIONS.c.refresh_jti,
        refresh_jti=bindparam("new_jti"),
        refresh_issued_at=bindparam("now"),
        refresh_expires_at=bindparam("new_expiry"),
        refresh_confirmed_at=None,
        refresh_forks=0,
        last_seen_at=bindparam("now"),
    )
)


def rotate(tx: Transaction, row: SessionRow, successor: SessionRow) -> bool:
    """Replace the refresh token of `row`'s generation by its successor's.

    One statement, so that of many requests that try one wins; it is False for the others, and for all after a logout.
    """
    return _replace_token(_ROTATE, tx, row, successor)


_FORK = Statement(
    update(AUTH_SESSIONS)
    .where(
        AUTH_SESSIONS.c.id == bindparam("sid"),
        AUTH_SESSIONS.c.refresh_generation == bindparam("gen"),
        AUTH_SESSIONS.c.refresh_jti == bindparam("jti"),
        AUTH_SESSIONS.c.refresh_confirmed_at.is_(None),
        live(bindparam("now")),
    )
    .values(
        refresh_jti=bindparam("new_jti"),
        refresh_issued_at=bindparam("now"),
        refresh_expires_at=bindparam("new_expiry"),
        refresh_forks=AUTH_SESSIONS.c.refresh_forks + 1,
        last_seen_at=bindparam("now"),
    )
)


def fork(tx: Transaction, row: SessionRow, forked: SessionRow) -> bool:
    """Replace the refresh token of `row`'s generation by another of the same generation, unless it has been used.

    One statement. False if another request was faster: with a fork, a confirmation or the session's end.
    """
    return _replace_token(_FORK, tx, row, forked)


def _replace_token(statement: Statement, tx: Transaction, row: SessionRow, new: SessionRow) -> bool:
    changed = statement.changed(
        tx,
        sid=row.sid,
        gen=row.refresh_generation,
        jti=row.refresh_jti,
        now=new.refresh_issued_at,
        new_jti=new.refresh_jti,
        new_expiry=new.refresh_expires_at,
    )
    return changed == 1


_CONFIRM = Statement(
    update(AUTH_SESSIONS)
    .where(
        AUTH_SESSIONS.c.id == bindparam("sid"),
        AUTH_SESSIONS.c.refresh_generation == bindparam("gen"),
        # As read, or it would confirm a successor that another request has just forked and whose answer may get lost.
        AUTH_SESSIONS.c.refresh_jti == bindparam("jti"),
        AUTH_SESSIONS.c.refresh_confirmed_at.is_(None),
        AUTH_SESSIONS.c.revoked_at.is_(None),
    )
    .values(refresh_confirmed_at=bindparam("now"), last_seen_at=bindparam("now"))
)


def confirm(tx: Transaction, row: SessionRow, now: int) -> bool:
    """Note that the client has the refresh token of `row`, or what came with it. True if this call was the first to."""
    return _CONFIRM.changed(tx, sid=row.sid, gen=row.refresh_generation, jti=row.refresh_jti, now=now) == 1


def revoke(tx: Connection, sid: str, reason: EndReason, now: int) -> bool:
    """End a session. True if this call ended it; a session that is already ended keeps its reason."""
    statement = (
        update(AUTH_SESSIONS)
        .where(AUTH_SESSIONS.c.id == sid, AUTH_SESSIONS.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason)
    )
    return tx.execute(statement).rowcount == 1


def revoke_all_of(tx: Connection, sids: Collection[str], reason: EndReason, now: int) -> list[str]:
    """End these sessions; the ids of those that this call ended."""
    return [sid for sid in sorted(sids) if revoke(tx, sid, reason, now)]


def owners(tx: Connection, sids: Collection[str]) -> dict[str, str]:
    """The user id of each of these sessions."""
    if not sids:
        return {}
    rows = tx.execute(select(AUTH_SESSIONS.c.id, AUTH_SESSIONS.c.user_id).where(AUTH_SESSIONS.c.id.in_(sids)))
    return {row.id: row.user_id for row in rows}


def prove(tx: Connection, row: SessionRow, amr: str, now: int) -> SessionRow | None:
    """Note that the person of this live session has just proved who they are, by what `amr` says. None if it ended.

    `auth_time` never goes back, because another host, whose clock is ahead, may have written it.
    """
    auth_time = max(row.auth_time, now)
    statement = (
        update(AUTH_SESSIONS).where(AUTH_SESSIONS.c.id == row.sid, live(now)).values(auth_time=auth_time, amr=amr)
    )
    return row._replace(auth_time=auth_time, amr=amr) if tx.execute(statement).rowcount == 1 else None


def set_amr(tx: Connection, sid: str, amr: str) -> None:
    """Note how the person of this session has proved who they are by now."""
    tx.execute(update(AUTH_SESSIONS).where(AUTH_SESSIONS.c.id == sid).values(amr=amr))


def follow_epoch(tx: Connection, sid: str) -> None:
    """Let this session go on although the epoch was just raised, because it is the one that raised it."""
    epoch = select(USERS.c.credential_epoch).where(USERS.c.id == AUTH_SESSIONS.c.user_id).scalar_subquery()
    tx.execute(update(AUTH_SESSIONS).where(AUTH_SESSIONS.c.id == sid).values(credential_epoch=epoch))
