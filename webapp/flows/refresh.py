"""After the view: the refresh itself, in its own short transaction.

Not before the view: a slow view must not hold a rotated token back, and a log-out during the view must win.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.decision import Outcome
from webapp.core.rotation import Handout, Settled, is_late, may_rotate, settle
from webapp.core.standing import classify
from webapp.core.tokens import Tokens
from webapp.flows.client import Client
from webapp.flows.judge import Evidence
from webapp.store import auth_sessions, events
from webapp.store.auth_sessions import SessionRow
from webapp.store.database import transact
from webapp.store.driver import run_in_autocommit

_EVENTS = {Settled.RENEWED: "refresh.renewed", Settled.REDELIVERED: "refresh.redelivered"}
"""What is written into the trail. Plain rotations are only counted."""


class Issued(NamedTuple):
    """What the client gets. `what` says in a word what happened: it is shown, logged and counted."""

    what: Settled
    row: SessionRow | None = None
    access: str | None = None
    refresh: str | None = None


def refresh(
    tokens: Tokens, evidence: Evidence, outcome: Outcome, *, door: int, now: int, client: Client, pairs: bool = False
) -> Issued:
    """Carry out `outcome`, which was decided at `door`, at `now` (both Unix seconds). Raises DatabaseUnavailable.

    The row is read or written again in every case. `pairs`: with a refresh token goes an access token, in case 3 too.
    """
    claims = evidence.refresh.claims
    seen = evidence.row
    assert seen is not None
    assert claims is not None
    grace = tokens.lifetimes.grace
    successor = None
    if may_rotate(evidence.standing):
        expiry = tokens.lifetimes.of(seen).refresh_expiry(now, seen.expires_at)
        successor = auth_sessions.successor_of(seen, now=now, refresh_expires_at=expiry)

    def hand_out(handout: Handout, row: SessionRow) -> Issued:
        # In grace the parent's generation: this token must not confirm a successor its holder may never have received.
        gen = claims.gen if handout.what is Settled.ACCESS_ONLY else row.refresh_generation
        wants_access = handout.access or (pairs and handout.refresh)
        access = tokens.mint_access(row, gen=gen, now=now) if wants_access else None
        return Issued(handout.what, row, access, tokens.mint_refresh(row) if handout.refresh else None)

    def work(tx: Connection) -> Issued:
        rotated = successor is not None and auth_sessions.rotate(tx, seen, successor)
        # Not rotated: another request has, or the token was the parent already: end up with the same successor.
        row = successor if rotated else auth_sessions.reload(tx, claims.sid)
        handout = settle(
            outcome,
            rotated=rotated,
            live=row is not None and row.is_live(now),
            late=is_late(door, now, grace),
            standing=classify(claims.gen, claims.jti, row, now=now, grace=grace) if row else None,
        )
        if row is None or not (handout.access or handout.refresh):
            return Issued(handout.what)
        if event := _EVENTS.get(handout.what):
            events.record(tx, event, at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address)
        return hand_out(handout, row)

    if outcome is Outcome.ROTATE and successor is not None:
        # Nearly always: one statement that wins, and no event to write beside it. The tokens are signed first: what
        # could fail has then been done before anything is changed.
        issued = hand_out(settle(outcome, rotated=True, live=True, late=False, standing=None), successor)
        if run_in_autocommit(lambda tx: auth_sessions.rotate(tx, seen, successor)):
            return issued
    return transact(work)
