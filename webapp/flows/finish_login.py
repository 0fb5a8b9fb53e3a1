"""The steps between a right password and a session. The session, its id and its tokens are made after the last one.

Of many uses of a code one wins. The second of two clicks gets the session of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.errors import TokenroomError, WrongPassword
from webapp.core.freshness import BY_PASSWORD, BY_PASSWORD_AND_CODE, BY_PASSWORD_AND_PASSKEY
from webapp.core.sealing import Safe
from webapp.core.session import SessionRow
from webapp.core.steps import LIFE, Step
from webapp.flows import prove_factor, prove_passkey
from webapp.flows.confirm_address import CodeWrong, check_code, confirm_present, is_code_used_moments_ago
from webapp.flows.log_in import Unfinished, go_on, step_due
from webapp.flows.open_session import MOMENTS, session_of_form
from webapp.flows.prove_factor import Gate, Typed, WrongCode
from webapp.flows.prove_passkey import PASSKEY, Presented, Proof
from webapp.store import addresses
from webapp.store.addresses import Contact
from webapp.store.database import read, transact
from webapp.store.factors import Factors


class LoginOver(TokenroomError):
    """Too late, other credentials, a disabled account, or nothing is left to prove: log in once more."""


class OtherStep(TokenroomError):
    """Another step is due first. `step` says which."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"the step {step} is due")
        self.step = step


class Standing(NamedTuple):
    """Who is at a step, and what they have."""

    person: Contact
    has: Factors


def person_at_step(login: Unfinished) -> Standing:
    """Who is at the step of `login`. Raises LoginOver, OtherStep or DatabaseUnavailable."""
    return read(lambda tx: still(tx, addresses.get(tx, login.user_id), login))


def prove_address(login: Unfinished, typed: str) -> SessionRow | Unfinished:
    """Confirm the address with a mailed code, and start the session if that was the last step.

    Raises CodeWrong, LoginOver, OtherStep or DatabaseUnavailable.
    """
    who, client, now = login.user_id, login.arrival.client, login.arrival.now
    # First, because a login that is over must not use up the tries of a code that another login waits for.
    _unspoilt(read(lambda tx: addresses.get(tx, who)), login)
    try:
        mail = check_code(who, typed, now)
    except CodeWrong:
        first = _begun_by_form(login)
        if first is None or not is_code_used_moments_ago(who, typed, now, moments=MOMENTS):
            raise
        return first

    def confirm(tx: Connection, person: Contact) -> Contact:
        confirm_present(tx, person, mail, sid=None, client=client, now=now)
        return person._replace(email_verified_at=person.email_verified_at or now)

    return take_step(login, confirm, BY_PASSWORD)


def prove_second(login: Unfinished, typed: Typed, *, safe: Safe, gate: Gate) -> SessionRow | Unfinished:
    """Prove the second factor by a code, and start the session if that was the last step.

    Raises WrongCode, TooManyTries, LoginOver, OtherStep or DatabaseUnavailable.
    """
    who, client, now = login.user_id, login.arrival.client, login.arrival.now
    with _trying(login, typed.kind, gate):
        try:
            proof = prove_factor.check_code(who, typed, safe=safe, now=now)
            return take_step(login, lambda tx, _: prove_factor.use(tx, proof, client, now), BY_PASSWORD_AND_CODE)
        except WrongCode:
            first = _begun_by_form(login)
            if first is None or not prove_factor.was_used_since(who, typed, now - MOMENTS, safe=safe, now=now):
                raise
            return first


def prove_second_by_passkey(
    login: Unfinished, presented: Presented, *, gate: Gate
) -> tuple[SessionRow | Unfinished, Proof]:
    """Prove the second factor by a passkey, and start the session if that was the last step.

    Raises Refused, TooManyTries, LoginOver, OtherStep or DatabaseUnavailable.
    """
    client, now = login.arrival.client, login.arrival.now
    with _trying(login, PASSKEY, gate):
        proof = prove_passkey.check(presented, of=login.user_id)
        came = take_step(login, lambda tx, _: prove_passkey.use(tx, proof, client, now), BY_PASSWORD_AND_PASSKEY)
        return came, proof


@contextmanager
def _trying(login: Unfinished, kind: str, gate: Gate) -> Iterator[None]:
    """One try of the second step: it is counted, and written down if it fails. Inside, the factor is proved.

    Raises TooManyTries, LoginOver, OtherStep or DatabaseUnavailable.
    """
    # First, because a login that is over, or not here yet, must neither count as a try nor tell whether a code is
    # right.
    person_at_step(login)
    who, client, now = login.user_id, login.arrival.client, login.arrival.now
    try:
        with prove_factor.limited(who, login.credential_epoch, gate, client, now):
            yield
    except WrongPassword:
        prove_factor.record_failure(who, kind, client, now)
        raise


def take_step(
    login: Unfinished,
    use: Callable[[Connection, Contact], Contact | None],
    proved: Collection[str],
    *also: Step,
) -> SessionRow | Unfinished:
    """Take the step of `login`, all of it in one transaction, and start the session if that was the last step.

    `use` uses the proof up and may change the person, whom it then returns. `proved`: by which methods. `also`: steps
    that are taken with this one. Raises LoginOver, OtherStep, DatabaseUnavailable, and what `use` raises.
    """

    def work(tx: Connection) -> SessionRow | Unfinished:
        person = still(tx, addresses.lock(tx, login.user_id), login).person
        person = use(tx, person) or person
        return go_on(tx, login.arrival, person, proved, since=login.since, done=(*login.done, login.step, *also))

    return transact(work)


def still(tx: Connection, person: Contact | None, login: Unfinished) -> Standing:
    """That `login` may go on with its step. Raises LoginOver or OtherStep."""
    person = _unspoilt(person, login)
    step, has = step_due(tx, login.arrival, person, login.done)
    if step is None:
        raise LoginOver("the step was taken already")
    if step is not login.step:
        raise OtherStep(step)
    return Standing(person, has)


def _unspoilt(person: Contact | None, login: Unfinished) -> Contact:
    """The person, if their login could still go on, whatever steps have been taken. Raises LoginOver."""
    is_late = login.arrival.now - login.since > LIFE
    if person is None or is_late or person.disabled_at is not None:
        raise LoginOver("the login took too long")
    if person.credential_epoch != login.credential_epoch:
        raise LoginOver("the credentials changed during the login")
    return person


def _begun_by_form(login: Unfinished) -> SessionRow | None:
    return read(lambda tx: session_of_form(tx, login.arrival, login.user_id))
