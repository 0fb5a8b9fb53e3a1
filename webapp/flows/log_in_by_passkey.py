"""Log in with a passkey: alone, or as the second step after the password."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from webapp.core.ceremony import Refused
from webapp.core.demands import Demands
from webapp.core.errors import TooManyTries
from webapp.core.events import Event
from webapp.core.freshness import BY_PASSKEY, BY_PASSWORD_AND_PASSKEY
from webapp.core.lifetimes import Lifetimes
from webapp.core.session import SessionRow
from webapp.core.steps import Step
from webapp.flows import prove_factor
from webapp.flows.arrival import Arrival
from webapp.flows.finish_login import go_on, person_at_step, still
from webapp.flows.log_in import Unfinished
from webapp.flows.prove_passkey import PASSKEY, Presented, Proof, check, use
from webapp.store import addresses, events
from webapp.store.database import transact


class Gate(Protocol):
    """Limits of logging in with a passkey (web/gates.py)."""

    def attempt(self) -> AbstractContextManager[None]:
        """Count this try; inside, the answer is checked. Raises TooManyTries."""

    def admit(self, user_id: str) -> None:
        """Count a right answer. Raises TooManyTries."""


def log_in_by_passkey(
    lifetimes: Lifetimes, demands: Demands, arrival: Arrival, presented: Presented, *, gate: Gate
) -> tuple[SessionRow, Proof]:
    """Start a session for the person whose passkey answered. No further step, because it is two factors in one.

    Raises Refused, TooManyTries or DatabaseUnavailable.
    """
    client, now = arrival.client, arrival.now

    def work(tx: Connection) -> SessionRow:
        person = addresses.lock(tx, proof.user_id)
        if person is None or person.disabled_at is not None or person.credential_epoch != proof.credential_epoch:
            raise Refused("refused", "the account was disabled, or its credentials changed")
        use(tx, proof, client, now)
        came = go_on(tx, lifetimes, demands, arrival, person, (Step.FACTOR,), BY_PASSKEY)
        if isinstance(came, Unfinished):
            # Only where the site demands a confirmed address and this user's is not. The password leads there.
            raise Refused("refused", f"the step {came.step} is due")
        return came

    try:
        with gate.attempt():
            proof = check(presented)
            gate.admit(proof.user_id)
            return transact(work), proof
    except TooManyTries as refusal:
        if refusal.first:
            _record(arrival, Event.LOGIN_LIMITED, limit=refusal.limit)
        raise
    except Refused:
        _record(arrival, Event.LOGIN_FAILED, kind=PASSKEY)
        raise


def prove_second_by_passkey(
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    login: Unfinished,
    presented: Presented,
    *,
    since: int,
    gate: prove_factor.Gate,
) -> tuple[SessionRow | Unfinished, Proof]:
    """Prove the second factor by a passkey, and start the session if that was the last step.

    Raises Refused, TooManyTries, LoginOver, OtherStep or DatabaseUnavailable.
    """
    client, now, who = arrival.client, arrival.now, login.user_id
    # First, because a login that is over, or not here yet, must not count as a try.
    person_at_step(demands, login, since=since, now=now)

    def work(tx: Connection) -> SessionRow | Unfinished:
        person = still(tx, addresses.lock(tx, who), demands, login, since=since, now=now).person
        use(tx, proof, client, now)
        return go_on(tx, lifetimes, demands, arrival, person, (*login.done, Step.FACTOR), BY_PASSWORD_AND_PASSKEY)

    try:
        with gate.attempt(who, login.credential_epoch):
            proof = check(presented, of=who)
            return transact(work), proof
    except TooManyTries as refusal:
        prove_factor.record_limit(who, refusal, client, now)
        raise
    except Refused:
        prove_factor.record_failure(who, PASSKEY, client, now)
        raise


def _record(arrival: Arrival, event: Event, **detail: str) -> None:
    # Nobody is named, because an answer that proves nothing does not prove whose account was tried, either.
    transact(lambda tx: events.record(tx, event, at=arrival.now, ip_address=arrival.client.ip_address, **detail))
