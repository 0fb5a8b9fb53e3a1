"""Log in with a passkey alone. After a password it is a second step (flows/finish_login.py)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from webapp.core.ceremony import Refused
from webapp.core.errors import TooManyTries
from webapp.core.events import Event
from webapp.core.freshness import BY_PASSKEY
from webapp.core.session import SessionRow
from webapp.core.steps import Step
from webapp.flows.arrival import Arrival
from webapp.flows.log_in import Unfinished, go_on
from webapp.flows.prove_passkey import PASSKEY, Presented, Proof, check, use
from webapp.store import addresses, events
from webapp.store.database import transact


class Gate(Protocol):
    """Limits of logging in with a passkey (web/gates.py)."""

    def attempt(self) -> AbstractContextManager[None]:
        """Count this try; inside, the answer is checked. Raises TooManyTries."""

    def admit(self, user_id: str) -> None:
        """Count a right answer. Raises TooManyTries."""


def log_in_by_passkey(arrival: Arrival, presented: Presented, *, gate: Gate) -> tuple[SessionRow, Proof]:
    """Start a session for the person whose passkey answered. No further step, because it is two factors in one.

    Raises Refused, TooManyTries or DatabaseUnavailable.
    """
    client, now = arrival.client, arrival.now

    def work(tx: Connection) -> SessionRow:
        person = addresses.lock(tx, proof.user_id)
        if person is None or person.disabled_at is not None or person.credential_epoch != proof.credential_epoch:
            raise Refused("refused", "the account was disabled, or its credentials changed")
        use(tx, proof, client, now)
        came = go_on(tx, arrival, person, BY_PASSKEY, since=now, done=(Step.FACTOR,))
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


def _record(arrival: Arrival, event: Event, **detail: str) -> None:
    # Nobody is named, because an answer that proves nothing does not prove whose account was tried, either.
    transact(lambda tx: events.record(tx, event, at=arrival.now, ip_address=arrival.client.ip_address, **detail))
