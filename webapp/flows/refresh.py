"""After the view: the refresh itself, in its own short transaction.

Not before the view, because a slow view must not hold a rotated token back, and a logout during the view must win.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.decision import Outcome
from webapp.core.events import Event
from webapp.core.freshness import inherited
from webapp.core.judgement import Judgement
from webapp.core.rotation import Grant, Refreshed, hand_out, rotated
from webapp.core.session import SessionRow
from webapp.core.standing import Standing
from webapp.core.tokens import Tokens
from webapp.flows.client import Client
from webapp.store import auth_sessions, events
from webapp.store.database import transact
from webapp.store.driver import run_in_autocommit

MOST_TRIES = 5
"""How often a fork is tried. Each time another request was faster. The last of them is answered without tokens."""

AGAIN = frozenset({Refreshed.REDELIVERED, Refreshed.FORKED})
_EVENTS = {Refreshed.RENEWED: Event.REFRESH_RENEWED} | dict.fromkeys(AGAIN, Event.REFRESH_REDELIVERED)
"""What is written into the trail. Plain rotations are only counted."""


class Issued(NamedTuple):
    """What the client gets. `what` says in a word what happened: it is shown, logged and counted."""

    what: Refreshed
    row: SessionRow | None = None
    access: str | None = None
    refresh: str | None = None


def refresh(
    tokens: Tokens, judgement: Judgement, *, judged_at: int, now: int, client: Client, pairs: bool = False
) -> Issued:
    """Carry out an outcome that was judged at `judged_at`, at `now` (both Unix seconds). Raises DatabaseUnavailable.

    The row is read or written again in every case. A new access token is as fresh as the one that was presented.
    `pairs`: an access token goes with every refresh token, in case 3 too.
    """
    outcome, seen, claims, lifetimes = judgement.outcome, judgement.row, judgement.refresh.claims, tokens.lifetimes
    assert seen is not None
    assert claims is not None
    expiry = lifetimes.of(seen).refresh_expiry(now, seen.expires_at)
    # Only a request that presented the current refresh token may rotate it.
    is_current = judgement.standing is Standing.CURRENT
    successor = seen.successor(now=now, refresh_expires_at=expiry) if is_current else None
    held = judgement.access.claims
    auth_time = inherited(held.auth_time if held else None, seen.created_at)

    def issue(grant: Grant, row: SessionRow) -> Issued:
        # In grace the parent's generation, because this token must not confirm a successor its holder may never have
        # received.
        gen = claims.gen if grant.what is Refreshed.ACCESS_ONLY else row.refresh_generation
        wants_access = grant.access or (pairs and grant.refresh)
        # All tokens of a generation are as old as its refresh token, whatever host's clock says now, and end together.
        access = (
            tokens.mint_access(row, gen=gen, now=row.refresh_issued_at, auth_time=auth_time) if wants_access else None
        )
        return Issued(grant.what, row, access, tokens.mint_refresh(row) if grant.refresh else None)

    def work(tx: Connection) -> Issued:
        if successor is not None and auth_sessions.rotate(tx, seen, successor):
            return recorded(tx, issue(rotated(outcome), successor), client, now)
        for _ in range(MOST_TRIES):
            row = auth_sessions.reload(tx, claims.sid)
            grant = hand_out(outcome, claims, row, judged_at=judged_at, now=now, lifetimes=lifetimes)
            if row is None or not (grant.access or grant.refresh):
                return Issued(grant.what)
            if grant.what is not Refreshed.FORKED:
                return recorded(tx, issue(grant, row), client, now)
            forked = row.fork(now=now, refresh_expires_at=expiry)
            if auth_sessions.fork(tx, row, forked):
                return recorded(tx, issue(grant, forked), client, now)
        return Issued(Refreshed.OVERTAKEN)

    if outcome is Outcome.ROTATE and successor is not None:
        # Nearly always: one statement that wins, and no event to write beside it. The tokens are signed first, so that
        # everything that could fail is done before anything is changed.
        issued = issue(rotated(outcome), successor)
        if run_in_autocommit(lambda tx: auth_sessions.rotate(tx, seen, successor)):
            return issued
    return transact(work)


def recorded(tx: Connection, issued: Issued, client: Client, now: int) -> Issued:
    """Write what became of a refresh into the trail, within its transaction, if it is more than a plain rotation."""
    event, row = _EVENTS.get(issued.what), issued.row
    if event is not None and row is not None:
        told = {"generation": row.refresh_generation, "forks": row.refresh_forks} if issued.what in AGAIN else {}
        events.record(tx, event, at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address, **told)
    return issued
