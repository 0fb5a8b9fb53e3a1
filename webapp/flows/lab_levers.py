"""The lab's levers: age the tokens of a session, or give it a fast clock. They decide nothing; the next request does.

Tokens are aged through the same mint and the same row as all others, so the next request meets the usual rules.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.claims import AccessClaims
from webapp.core.decision import RefreshColumn
from webapp.core.freshness import inherited
from webapp.core.judgement import Judgement
from webapp.core.lifetimes import FAST_ACCESS, FAST_REFRESH
from webapp.core.session import SessionRow
from webapp.core.tokens import Tokens
from webapp.store import auth_sessions, lab_sessions
from webapp.store.database import transact

FAST = (FAST_ACCESS, FAST_REFRESH)
"""Lifetimes of an access and a refresh token with short lifetimes, in seconds."""

MAY_PULL = frozenset({RefreshColumn.CURRENT, RefreshColumn.SUPERSEDED, RefreshColumn.RENEWABLE})
"""Levers hand out the current refresh token, so only a holder who would get it anyway may use them."""


class Held(NamedTuple):
    """The pair the browser is given."""

    row: SessionRow
    access: str
    refresh: str


def let_expire(tokens: Tokens, judgement: Judgement, now: int, *, access: bool, refresh: bool) -> Held | None:
    """End the chosen tokens of the pair in `judgement` at `now` (Unix seconds). None: another tab was faster.

    With the refresh token alone the access token stays valid and older than the refresh token's end: case 3.
    Raises DatabaseUnavailable.
    """
    seen = row = judgement.row
    if seen is None or judgement.column not in MAY_PULL:
        return None
    if refresh:
        # Kept as it is, but for its end, because it was issued when it was, and a token must be issued before it ends.
        issued = min(seen.refresh_issued_at, now - 1)
        row = transact(lambda tx: lab_sessions.change(tx, seen, refresh_issued_at=issued, refresh_expires_at=now))
    if row is None:
        return None
    text = _aged(tokens, row, judgement.access.claims, now) if access else _valid(tokens, row, judgement, now)
    return Held(row, text, tokens.mint_refresh(row))


def _aged(tokens: Tokens, row: SessionRow, held: AccessClaims | None, now: int) -> str:
    ttl = tokens.lifetimes.of(row).access_token
    issued = min(held.iat if held else now, now - 1)
    return tokens.mint_access(
        row, gen=row.refresh_generation, now=max(issued, now - ttl), auth_time=_auth_time(row, held), until=now
    )


def _valid(tokens: Tokens, row: SessionRow, judgement: Judgement, now: int) -> str:
    held = judgement.access.claims
    issued = held.iat if held and now < held.exp else now
    return tokens.mint_access(row, gen=row.refresh_generation, now=issued, auth_time=_auth_time(row, held))


def _auth_time(row: SessionRow, held: AccessClaims | None) -> int:
    """A lever proves nothing, so its token is as fresh as the one that was presented."""
    return inherited(held.auth_time if held else None, row.created_at)


def set_pace(tokens: Tokens, judgement: Judgement, now: int, *, fast: bool) -> Held | None:
    """Give this session the fast clock, or the application's, with a new pair that lives by it.

    The new pair comes from an ordinary rotation. None: another tab was faster. Raises DatabaseUnavailable.
    """
    row = judgement.row
    if row is None or judgement.column not in MAY_PULL:
        return None
    access_ttl, refresh_ttl = FAST if fast else (None, None)

    def work(tx: Connection) -> SessionRow | None:
        paced = lab_sessions.change(tx, row, access_ttl=access_ttl, refresh_ttl=refresh_ttl)
        if paced is None:
            return None
        expiry = tokens.lifetimes.of(paced).refresh_expiry(now, paced.expires_at)
        successor = paced.successor(now=now, refresh_expires_at=expiry)
        return successor if auth_sessions.rotate(tx, paced, successor) else None

    rotated = transact(work)
    if rotated is None:
        return None
    auth_time = _auth_time(row, judgement.access.claims)
    access = tokens.mint_access(rotated, gen=rotated.refresh_generation, now=now, auth_time=auth_time)
    return Held(rotated, access, tokens.mint_refresh(rotated))
