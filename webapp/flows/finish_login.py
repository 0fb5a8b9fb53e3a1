"""The steps between a right password and a session. The session, its id and its tokens are made after the last one."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.demands import Demands
from webapp.core.errors import TokenroomError, TooManyTries
from webapp.core.events import Event
from webapp.core.freshness import BY_PASSWORD, BY_PASSWORD_AND_CODE, joined
from webapp.core.lifetimes import Lifetimes
from webapp.core.sealing import Safe
from webapp.core.session import SessionRow
from webapp.core.steps import LIFE, Step, due
from webapp.flows import prove_factor
from webapp.flows.arrival import Arrival
from webapp.flows.confirm_address import CodeWrong, check_code, confirm_present, is_code_used_moments_ago
from webapp.flows.log_in import Unfinished, record_login, tell_of_new_device
from webapp.flows.open_session import MOMENTS, open_session, session_of_form
from webapp.flows.prove_factor import Gate, Typed, WrongCode
from webapp.store import addresses, factors
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


def person_at_step(demands: Demands, login: Unfinished, *, since: int, now: int) -> Standing:
    """Who is at the step of `login`, whose password was right at `since`.

    Raises LoginOver, OtherStep or DatabaseUnavailable.
    """
    return read(lambda tx: still(tx, addresses.get(tx, login.user_id), demands, login, since=since, now=now))


def prove_address(
    lifetimes: Lifetimes, demands: Demands, arrival: Arrival, login: Unfinished, typed: str, *, since: int
) -> SessionRow | Unfinished:
    """Confirm the address with a mailed code, and start the session if that was the last step.

    Of many uses of a code one wins; the second of two clicks gets the session of the first. Raises CodeWrong,
    LoginOver, OtherStep or DatabaseUnavailable.
    """
    now = arrival.now
    # First, because a login that is over must not use up the tries of a code that another login waits for.
    _unspoilt(read(lambda tx: addresses.get(tx, login.user_id)), login, since=since, now=now)
    try:
        mail = check_code(login.user_id, typed, now)
    except CodeWrong:
        first = read(lambda tx: session_of_form(tx, arrival, login.user_id))
        if first is None or not is_code_used_moments_ago(login.user_id, typed, now, moments=MOMENTS):
            raise
        return first

    def work(tx: Connection) -> SessionRow | Unfinished:
        held = addresses.lock(tx, login.user_id)
        person = still(tx, held, demands, login, since=since, now=now).person
        confirm_present(tx, person, mail, sid=None, client=arrival.client, now=now)
        confirmed = person._replace(email_verified_at=person.email_verified_at or now)
        return go_on(tx, lifetimes, demands, arrival, confirmed, (*login.done, Step.ADDRESS), BY_PASSWORD)

    return transact(work)


def prove_second(
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    login: Unfinished,
    typed: Typed,
    *,
    since: int,
    safe: Safe,
    gate: Gate,
) -> SessionRow | Unfinished:
    """Prove the second factor by a code, and start the session if that was the last step.

    Raises WrongCode, TooManyTries, LoginOver, OtherStep or DatabaseUnavailable. Of many uses of a code one wins; the
    second of two clicks gets the session of the first.
    """
    now, who = arrival.now, login.user_id
    # First, because a login that is over, or not here yet, must neither count as a try nor tell whether a code is
    # right.
    person_at_step(demands, login, since=since, now=now)

    def work(tx: Connection) -> SessionRow | Unfinished:
        person = still(tx, addresses.lock(tx, who), demands, login, since=since, now=now).person
        prove_factor.use(tx, proof, arrival.client, now)
        return go_on(tx, lifetimes, demands, arrival, person, (*login.done, Step.FACTOR), BY_PASSWORD_AND_CODE)

    try:
        with gate.attempt(who, login.credential_epoch):
            try:
                proof = prove_factor.check_code(who, typed, safe=safe, now=now)
                return transact(work)
            except WrongCode:
                first = read(lambda tx: session_of_form(tx, arrival, who))
                if first is None or not prove_factor.was_used_since(who, typed, now - MOMENTS, safe=safe, now=now):
                    raise
                return first
    except TooManyTries as refusal:
        prove_factor.record_limit(who, refusal, arrival.client, now)
        raise
    except WrongCode:
        prove_factor.record_failure(who, typed.kind, arrival.client, now)
        raise


def still(
    tx: Connection, person: Contact | None, demands: Demands, login: Unfinished, *, since: int, now: int
) -> Standing:
    """That `login` may go on with its step. Raises LoginOver or OtherStep."""
    person = _unspoilt(person, login, since=since, now=now)
    has = factors.of_person(tx, person.id)
    step = due(demands, is_confirmed=person.is_confirmed, done=login.done, role=person.role, has_factor=has.any)
    if step is None:
        raise LoginOver("the step was taken already")
    if step is not login.step:
        raise OtherStep(step)
    return Standing(person, has)


def _unspoilt(person: Contact | None, login: Unfinished, *, since: int, now: int) -> Contact:
    """The person, if their login could still go on, whatever steps have been taken. Raises LoginOver."""
    is_late = now - since > LIFE
    if person is None or is_late or person.disabled_at is not None:
        raise LoginOver("the login took too long")
    if person.credential_epoch != login.credential_epoch:
        raise LoginOver("the credentials changed during the login")
    return person


def go_on(
    tx: Connection,
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    person: Contact,
    done: tuple[str, ...],
    proved: Collection[str],
) -> SessionRow | Unfinished:
    """Start the session, unless another step is left. The person's row is held."""
    has = factors.of_person(tx, person.id)
    step = due(demands, is_confirmed=person.is_confirmed, done=done, role=person.role, has_factor=has.any)
    if step:
        return Unfinished(person.id, person.credential_epoch, step, done)
    record_login(tx, arrival, Event.LOGIN_SUCCEEDED, person.id)
    tell_of_new_device(tx, arrival, person.id)
    return open_session(
        tx,
        lifetimes,
        arrival,
        user_id=person.id,
        credential_epoch=person.credential_epoch,
        amr=joined("", proved),
    )
