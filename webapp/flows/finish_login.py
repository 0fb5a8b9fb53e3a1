"""The steps between a right password and a session. The session, its id and its tokens are made after the last one."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.demands import Demands
from webapp.core.errors import TokenroomError
from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.session import SessionRow
from webapp.core.steps import LIFE, Step, due
from webapp.flows.arrival import Arrival
from webapp.flows.confirm_address import CodeWrong, check_code, confirm_present, is_code_used_moments_ago
from webapp.flows.log_in import Unfinished, record_login
from webapp.flows.open_session import MOMENTS, open_session, session_of_form
from webapp.store import addresses
from webapp.store.addresses import Contact
from webapp.store.database import read, transact


class LoginOver(TokenroomError):
    """Too late, other credentials, a disabled account, or nothing is left to prove: log in once more."""


def person_at_step(demands: Demands, login: Unfinished, *, since: int, now: int) -> Contact:
    """Who is at the step of `login`, whose password was right at `since`. Raises LoginOver or DatabaseUnavailable."""
    person = read(lambda tx: addresses.get(tx, login.user_id))
    return _still(person, demands, login, since=since, now=now)


def prove_address(
    lifetimes: Lifetimes, demands: Demands, arrival: Arrival, login: Unfinished, typed: str, *, since: int
) -> SessionRow:
    """Confirm the address with a mailed code, and start the session if that was the last step.

    Of many uses of a code one wins; the second of two clicks gets the first one's session. Raises CodeWrong, LoginOver
    or DatabaseUnavailable.
    """
    now = arrival.now
    # First: a login that is over must not use up the tries of a code that somebody else waits for.
    _unspoilt(read(lambda tx: addresses.get(tx, login.user_id)), login, since=since, now=now)
    try:
        mail = check_code(login.user_id, typed, now)
    except CodeWrong:
        first = read(lambda tx: session_of_form(tx, arrival, login.user_id))
        if first is None or not is_code_used_moments_ago(login.user_id, typed, now, moments=MOMENTS):
            raise
        return first

    def work(tx: Connection) -> SessionRow:
        person = _still(addresses.lock(tx, login.user_id), demands, login, since=since, now=now)
        confirm_present(tx, person, mail, sid=None, client=arrival.client, now=now)
        record_login(tx, arrival, Event.LOGIN_SUCCEEDED, person.id)
        return open_session(tx, lifetimes, arrival, user_id=person.id, credential_epoch=person.credential_epoch)

    return transact(work)


def _still(person: Contact | None, demands: Demands, login: Unfinished, *, since: int, now: int) -> Contact:
    person = _unspoilt(person, login, since=since, now=now)
    if due(demands, is_confirmed=person.is_confirmed, done=()) is not Step.ADDRESS:
        raise LoginOver("the step was taken already")
    return person


def _unspoilt(person: Contact | None, login: Unfinished, *, since: int, now: int) -> Contact:
    """The person, if their login could still go on, whatever steps have been taken. Raises LoginOver."""
    is_late = now - since > LIFE
    if person is None or is_late or person.disabled_at is not None:
        raise LoginOver("the login took too long")
    if person.credential_epoch != login.credential_epoch:
        raise LoginOver("the credentials changed during the login")
    return person
