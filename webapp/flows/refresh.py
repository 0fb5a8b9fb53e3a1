"""After the view: the refresh itself, in its own short transaction.

Not before the view: a slow view must not hold a rotated token back, and a logout during the view must win.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.decision import Outcome
from webapp.core.events import Event
from webapp.core.judgement import Judgement
from webapp.core.rotation import Grant, Refreshed, hand_out
from webapp.core.session import SessionRow
from webapp.core.standing import Standing, classify
from webapp.core.tokens import Tokens
from webapp.flows.client import Client
from webapp.store import auth_sessions, events
from webapp.store.database import transact
from webapp.store.driver import run_in_autocommit

_EVENTS = {Refreshed.RENEWED: Event.REFRESH_RENEWED, Refreshed.REDELIVERED: Event.REFRESH_REDELIVERED}
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

    The row is read or written again in every case. `pairs`: an access token goes with every refresh token, in case 3
    too.
    """
    outcome, seen, claims = judgement.outcome, judgement.row, judgement.refresh.claims
    assert seen is not None
    assert claims is not None
    grace = tokens.lifetimes.grace
    successor = None
    if judgement.standing is Standing.CURRENT:
        # Only a request that presented the current refresh token may rotate it.
        expiry = tokens.lifetimes.of(seen).refresh_expiry(now, seen.expires_at)
        successor = seen.successor(now=now, refresh_expires_at=expiry)

    def issue(grant: Grant, row: SessionRow) -> Issued:
        # In grace the parent's generation: this token must not confirm a successor its holder may never have received.
        gen = claims.gen if grant.what is Refreshed.ACCESS_ONLY else row.refresh_generation
        wants_access = grant.access or (pairs and grant.refresh)
        access = tokens.mint_access(row, gen=gen, now=now) if wants_access else None
        return Issued(grant.what, row, access, tokens.mint_refresh(row) if grant.refresh else None)

    def work(tx: Connection) -> Issued:
        rotated = successor is not None and auth_sessions.rotate(tx, seen, successor)
        # If this request did not rotate, another one has: hand out the same successor.
        row = successor if rotated else auth_sessions.reload(tx, claims.sid)
        grant = hand_out(
            outcome,
            rotated=rotated,
            live=row is not None and row.is_live(now),
            late=now - judged_at > grace,
            standing=classify(claims.gen, claims.jti, row, now=now, grace=grace) if row else None,
        )
        if row is None or not (grant.access or grant.refresh):
            return Issued(grant.what)
        if event := _EVENTS.get(grant.what):
            events.record(tx, event, at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address)
        return issue(grant, row)

    if outcome is Outcome.ROTATE and successor is not None:
        # Nearly always: one statement that wins, and no event to write beside it. The tokens are signed first: what
        # could fail has then been done before anything is changed.
        issued = issue(hand_out(outcome, rotated=True, live=True, late=False, standing=None), successor)
        if run_in_autocommit(lambda tx: auth_sessions.rotate(tx, seen, successor)):
            return issued
    return transact(work)
