"""Before the view: what do these two tokens and the database say? Reads everything, decides nothing.

Order (PROTOCOL section 5): verify both -> do they belong together? -> one SELECT -> live? -> standing.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.claims import AccessClaims, RefreshClaims
from webapp.core.decision import RefreshColumn, TokenState, refresh_column
from webapp.core.rotation import is_renewable, shows_successor
from webapp.core.standing import Standing, classify
from webapp.core.tokens import Channel, Tokens, Verdict
from webapp.flows.client import Client
from webapp.store import auth_sessions, events
from webapp.store.auth_sessions import SessionRow
from webapp.store.database import DatabaseUnavailable, transact
from webapp.store.driver import run_in_autocommit

log = logging.getLogger(__name__)

CONFIRM_PATIENCE = 1.0
"""Seconds. A confirmation that fails is made up for by the next request, so it must not hold this one."""


class Evidence(NamedTuple):
    """All that is known about a request's two tokens."""

    access: Verdict[AccessClaims]
    refresh: Verdict[RefreshClaims]
    mismatched: bool = False
    """Both are authentic but of different sessions or people."""
    row: SessionRow | None = None
    live: bool = False
    standing: Standing | None = None
    column: RefreshColumn = RefreshColumn.ABSENT

    @property
    def authentic(self) -> AccessClaims | RefreshClaims | None:
        """Claims of the token that names the session: the refresh token's if it is authentic."""
        return self.refresh.claims or self.access.claims

    @property
    def sids(self) -> frozenset[str]:
        """Every session an authentic token names: one, none, or two of a mixed pair."""
        return frozenset(claims.sid for claims in (self.access.claims, self.refresh.claims) if claims)

    @property
    def end_reason(self) -> str | None:
        """Why the session ended, where its row says so."""
        return self.row.revoked_reason if self.row is not None and not self.live else None


def examine(tokens: Tokens, access: str | None, refresh: str | None, channel: Channel, now: int) -> Evidence:
    """Collect the evidence on two presented token texts (None: not sent). Raises DatabaseUnavailable."""
    a = tokens.verify_access(access, channel, now)
    r = tokens.verify_refresh(refresh, channel, now)
    named = r.claims or a.claims
    if named is None:
        return Evidence(a, r, column=refresh_column(r.state, None, renewable=False))
    if a.claims and r.claims and (a.claims.sid, a.claims.sub) != (r.claims.sid, r.claims.sub):
        return Evidence(a, r, mismatched=True)
    row = auth_sessions.load(named.sid)
    if row is None or (row.user_id, row.channel) != (named.sub, channel):
        return Evidence(a, r)
    if not row.is_live(now):
        return Evidence(a, r, row=row)
    standing = None
    if r.claims:
        standing = classify(r.claims.gen, r.claims.jti, row, now=now, grace=tokens.lifetimes.grace)
    renewable = r.state is TokenState.EXPIRED and _renewable(a, r, now, tokens.lifetimes.of(row).renewal_window)
    column = refresh_column(r.state, standing, renewable=renewable)
    return Evidence(a, r, row=row, live=True, standing=standing, column=column)


def _renewable(a: Verdict[AccessClaims], r: Verdict[RefreshClaims], now: int, window: int) -> bool:
    if a.claims is None or r.claims is None:
        return False
    return is_renewable(a.state, a.claims.iat, r.claims.exp, now=now, window=window)


def confirm(evidence: Evidence, now: int) -> None:
    """Note that the client holds the current generation, the first time it shows it. Never raises."""
    row = evidence.row
    if row is None or row.refresh_confirmed_at is not None or not _shows_current(evidence, row):
        return
    try:
        run_in_autocommit(
            lambda tx: auth_sessions.confirm(tx, row.sid, row.refresh_generation, now), patience=CONFIRM_PATIENCE
        )
    except DatabaseUnavailable:
        log.warning("confirmation skipped, the database is busy")


def _shows_current(evidence: Evidence, row: SessionRow) -> bool:
    access = evidence.access
    gen = access.claims.gen if access.claims else None
    return shows_successor(access.state, gen, evidence.standing, row.refresh_generation)


def settle_theft(evidence: Evidence, client: Client, now: int) -> None:
    """End the session of a refresh token that came back too late, and say so once. Raises DatabaseUnavailable.

    Committed before anything else happens to the request: nothing that fails later may bring the session back.
    """
    row = evidence.row
    assert row is not None

    def work(tx: Connection) -> None:
        if auth_sessions.revoke(tx, row.sid, "reuse", now):
            events.record(tx, "refresh.reused", at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address)

    transact(work)
