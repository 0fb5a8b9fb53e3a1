"""After the view: the refresh itself, in its own short transaction.

Not before the view: a slow view must not hold a rotated token back, and a log-out during the view must win.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.decision import Outcome
from webapp.core.standing import Standing, classify
from webapp.core.tokens import Tokens
from webapp.flows.client import Client
from webapp.flows.judge import Evidence
from webapp.store import auth_sessions, events
from webapp.store.auth_sessions import SessionRow
from webapp.store.database import transact

REFRESHING = frozenset({Outcome.ROTATE, Outcome.RENEW, Outcome.REDELIVER, Outcome.ACCESS_ONLY})
"""Outcomes that have something to do after the view."""


class Issued(NamedTuple):
    """What the client gets. `what` says in one word what happened: it is shown, logged and counted."""

    what: str
    row: SessionRow | None = None
    access: str | None = None
    refresh: str | None = None


def refresh(tokens: Tokens, evidence: Evidence, outcome: Outcome, *, door: int, now: int, client: Client) -> Issued:
    """Carry out `outcome`, which was decided at `door`, at `now` (both Unix seconds). Raises DatabaseUnavailable.

    The row is read or written again in every case. REUSED is never theft here: the request was judged honest at
    the door, and what changed since is other requests' doing.
    """
    late = now - door > tokens.lifetimes.grace

    def work(tx: Connection) -> Issued:
        row = evidence.row
        assert row is not None
        if evidence.standing is Standing.CURRENT:
            expiry = tokens.lifetimes.refresh_expiry(now, row.expires_at)
            rotated = auth_sessions.rotate(tx, row, now=now, refresh_expires_at=expiry)
            if rotated is not None:
                return _rotated(tx, tokens, outcome, rotated, now, client)
        return _converge(tx, tokens, evidence, outcome, late=late, now=now, client=client)

    return transact(work)


def _rotated(
    tx: Connection, tokens: Tokens, outcome: Outcome, row: SessionRow, now: int, client: Client
) -> Issued:
    if outcome is Outcome.RENEW:
        _record(tx, "refresh.renewed", row, now, client)
        return Issued("renewed", row, refresh=tokens.mint_refresh(row))
    access = tokens.mint_access(row, gen=row.refresh_generation, now=now)
    return Issued("rotated", row, access, tokens.mint_refresh(row))


def _converge(
    tx: Connection, tokens: Tokens, evidence: Evidence, outcome: Outcome, *, late: bool, now: int, client: Client
) -> Issued:
    """Another request has rotated (or the token was the parent already): end up with the same successor."""
    claims = evidence.refresh.claims
    assert claims is not None
    row = auth_sessions.reload(tx, claims.sid)
    if row is None or not row.is_live(now):
        return Issued("session ended")
    if late:
        # An answer this late could arrive behind a newer one and put an old token back into the browser.
        return Issued("too late")
    standing = classify(claims.gen, claims.jti, row, now=now, grace=tokens.lifetimes.grace)
    if standing is Standing.SUPERSEDED:
        _record(tx, "refresh.redelivered", row, now, client)
        successor = tokens.mint_refresh(row)
        if outcome is Outcome.RENEW:
            return Issued("redelivered", row, refresh=successor)
        return Issued("redelivered", row, tokens.mint_access(row, gen=row.refresh_generation, now=now), successor)
    if standing is Standing.IN_GRACE:
        # The parent's generation: this token must not confirm a successor its holder may never have received.
        return Issued("access only", row, tokens.mint_access(row, gen=claims.gen, now=now))
    return Issued("overtaken")


def _record(tx: Connection, event: str, row: SessionRow, now: int, client: Client) -> None:
    events.record(tx, event, at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address)
