"""Step-up: prove within a session that it is still the same person, before something that matters.

step_up       by the password, and with it a code where the person has a second factor
pass_step_up  whatever was proved: note it in the row, and hand out what the request's standing gets, fresh
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.errors import TokenroomError, WrongPassword
from webapp.core.events import Event
from webapp.core.freshness import BY_PASSWORD, BY_PASSWORD_AND_CODE, joined
from webapp.core.judgement import Judgement
from webapp.core.rotation import Grant, Refreshed, hand_out_proved, is_useful
from webapp.core.sealing import Safe
from webapp.core.session import SessionRow
from webapp.core.tokens import Tokens
from webapp.flows import prove_factor, prove_password
from webapp.flows.client import Client
from webapp.flows.open_session import MOMENTS
from webapp.flows.prove_factor import Typed, WrongCode
from webapp.flows.refresh import MOST_TRIES, Issued, recorded
from webapp.store import auth_sessions, events, factors, users
from webapp.store.database import read, transact


class SessionOver(TokenroomError):
    """The session ended meanwhile, or the person's credentials changed while they were being checked."""


class ProvedAlready(WrongCode):
    """This very code has proved it in this session moments ago: perhaps the first of two clicks on the form."""


class Asked(NamedTuple):
    """A request that steps up. Made once per request, and passed whole."""

    tokens: Tokens
    judgement: Judgement
    judged_at: int
    """When it was judged, Unix seconds."""
    now: int
    """When it is carried out."""
    client: Client

    @property
    def session(self) -> SessionRow:
        """As it was when the request was judged."""
        assert self.judgement.row is not None
        return self.judgement.row


class Proved(NamedTuple):
    """What a person has proved, outside any transaction."""

    amr: Collection[str]
    """By which methods (core/freshness.py)."""
    credential_epoch: int
    """The user's, as it was when the proof was checked."""
    use: Callable[[Connection], object] = lambda tx: None
    """Uses the proof up, in the transaction of what it opens. Raises WrongCode if another request was faster."""


def step_up(
    asked: Asked, password: str, typed: Typed, *, safe: Safe, gate: prove_password.Gate, factor_gate: prove_factor.Gate
) -> Issued:
    """Prove the password, and a code if the person has a second factor. The code is looked at if the password is right.

    Raises WrongPassword (which of the two is not told), ProvedAlready, TooManyTries, SessionOver or
    DatabaseUnavailable.
    """
    session, client, now = asked.session, asked.client, asked.now
    try:
        found = prove_password.prove_password(session, password, gate)
        if not read(lambda tx: factors.of_person(tx, session.user_id)).any:
            return pass_step_up(asked, Proved(BY_PASSWORD, found.credential_epoch))
        try:
            with prove_factor.limited(session.user_id, found.credential_epoch, factor_gate, client, now):
                code = prove_factor.check_code(session.user_id, typed, safe=safe, now=now)
                use = partial(prove_factor.use, proof=code, client=client, now=now)
                return pass_step_up(asked, Proved(BY_PASSWORD_AND_CODE, found.credential_epoch, use))
        except WrongCode:
            if _is_second_click(session, typed, safe, now):
                raise ProvedAlready("the code was used already, by this session") from None
            raise
    except ProvedAlready:
        raise
    except WrongPassword:
        record_failure(asked)
        raise


def _is_second_click(session: SessionRow, typed: Typed, safe: Safe, now: int) -> bool:
    row = read(lambda tx: auth_sessions.reload(tx, session.sid))
    if row is None or row.auth_time < now - MOMENTS:
        return False
    return prove_factor.was_used_since(session.user_id, typed, now - MOMENTS, safe=safe, now=now)


def pass_step_up(asked: Asked, proved: Proved) -> Issued:
    """Note the proof in the session's row; what the client gets. All of it in one transaction.

    Raises SessionOver, WrongCode (from `proved.use`) or DatabaseUnavailable.
    """
    session, now = asked.session, asked.now

    def work(tx: Connection) -> Issued:
        user = users.lock(tx, session.user_id)
        row = auth_sessions.reload(tx, session.sid)
        if user is None or row is None or user.credential_epoch != proved.credential_epoch:
            raise SessionOver("the credentials changed during the step-up")
        row = auth_sessions.prove(tx, row, joined(row.amr, proved.amr), now)
        if row is None:
            raise SessionOver("the session ended during the step-up")
        proved.use(tx)
        _record(tx, Event.STEP_UP_PASSED, asked)
        return recorded(tx, _hand_out(tx, asked, row), asked.client, now)

    return transact(work)


def record_failure(asked: Asked) -> None:
    """Write down that a proof was wrong. The event does not say which one, because its sender may read the trail."""
    transact(lambda tx: _record(tx, Event.STEP_UP_FAILED, asked))


def _record(tx: Connection, event: Event, asked: Asked) -> None:
    session, where = asked.session, asked.client.ip_address
    events.record(tx, event, at=asked.now, user_id=session.user_id, sid=session.sid, ip_address=where)


def _hand_out(tx: Connection, asked: Asked, row: SessionRow) -> Issued:
    judgement, judged_at, now, lifetimes = asked.judgement, asked.judged_at, asked.now, asked.tokens.lifetimes
    outcome, column, claims = judgement.outcome, judgement.column, judgement.refresh.claims
    for _ in range(MOST_TRIES):
        grant = hand_out_proved(outcome, column, claims, row, judged_at=judged_at, now=now, lifetimes=lifetimes)
        if not grant.access:
            return Issued(grant.what)
        expiry = lifetimes.of(row).refresh_expiry(now, row.expires_at)
        if grant.what in (Refreshed.ROTATED, Refreshed.RENEWED):
            new = row.successor(now=now, refresh_expires_at=expiry)
            changed = auth_sessions.rotate(tx, row, new)
        elif grant.what is Refreshed.FORKED:
            new = row.fork(now=now, refresh_expires_at=expiry)
            changed = auth_sessions.fork(tx, row, new)
        else:
            new, changed = row, True
        if changed:
            return _issue(asked, grant, new)
        found = auth_sessions.reload(tx, row.sid)  # another request was faster
        if found is None or not found.is_live(now):
            return Issued(Refreshed.ENDED)
        row = found
    return Issued(Refreshed.OVERTAKEN)


def _issue(asked: Asked, grant: Grant, row: SessionRow) -> Issued:
    tokens, judgement, now = asked.tokens, asked.judgement, asked.now
    presented, held = judgement.refresh.claims, judgement.access.claims
    gen, issued_at, until = row.refresh_generation, row.refresh_issued_at, None
    if grant.what is Refreshed.ACCESS_ONLY and presented is not None:
        gen = presented.gen
    elif grant.what is Refreshed.PROVED and is_useful(judgement.column):
        issued_at = max(now, issued_at)
    elif grant.what is Refreshed.PROVED and held is not None:
        gen, issued_at, until = held.gen, held.iat, held.exp
    access = tokens.mint_access(row, gen=gen, now=issued_at, auth_time=now, until=until)
    return Issued(grant.what, row, access, tokens.mint_refresh(row) if grant.refresh else None)
