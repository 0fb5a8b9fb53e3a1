"""Log in with a password."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from webapp.core.demands import Demands
from webapp.core.errors import TooManyTries, WrongPassword
from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.mail import MailKind
from webapp.core.passwords import hash_password, needs_rehash, verify_password
from webapp.core.session import SessionRow
from webapp.core.steps import Step, due
from webapp.flows.arrival import Arrival
from webapp.flows.notify import notify
from webapp.flows.open_session import open_session, session_of_form
from webapp.store import events, factors, session_list, users
from webapp.store.database import read, transact
from webapp.store.users import Credentials


class WrongCredentials(WrongPassword):
    """Unknown name, wrong password or disabled account: one answer for all, so that nobody learns which."""


class Unfinished(NamedTuple):
    """The password was right, but something is still to be proved before there is a session."""

    user_id: str
    credential_epoch: int
    step: Step
    done: tuple[str, ...] = ()
    """Steps that have been taken."""


class Gate(Protocol):
    """Limits of logging in (web/gates.py)."""

    def attempt(self, login: str, found: Credentials | None) -> AbstractContextManager[None]:
        """Count this try; inside, the password is checked. Raises TooManyTries."""

    def admit(self, user_id: str) -> None:
        """Count a right password. Raises TooManyTries."""


def log_in(
    lifetimes: Lifetimes, demands: Demands, arrival: Arrival, *, login: str, password: str, gate: Gate
) -> SessionRow | Unfinished:
    """Check the password; start a session, unless the site demands more of this person first.

    `login` is a user name or email address. Raises TooManyTries, WrongCredentials or DatabaseUnavailable. The password
    is hashed exactly once, for a known and an unknown name alike, and never inside a transaction.
    """
    found = read(lambda tx: users.find_credentials(tx, login))
    try:
        with gate.attempt(login, found):
            person = _prove(found, password)
            gate.admit(person.id)
            return _open(lifetimes, demands, arrival, person, password)
    except TooManyTries as refusal:
        if refusal.first:
            # Once a window, because a stranger who goes on trying must not fill the trail.
            _record(arrival, Event.LOGIN_LIMITED, found, limit=refusal.limit)
        raise
    except WrongCredentials:
        _record(arrival, Event.LOGIN_FAILED, found)
        raise


def _prove(found: Credentials | None, password: str) -> Credentials:
    proved = verify_password(found.password_hash if found else None, password)
    if found is None or not proved or found.disabled_at is not None:
        raise WrongCredentials("user name or password is wrong")
    return found


def _open(
    lifetimes: Lifetimes, demands: Demands, arrival: Arrival, person: Credentials, password: str
) -> SessionRow | Unfinished:
    stronger = hash_password(password) if needs_rehash(person.password_hash) else None

    def work(tx: Connection) -> SessionRow | Unfinished | None:
        user = users.lock(tx, person.id)
        if user is None or user.disabled_at is not None or user.credential_epoch != person.credential_epoch:
            # The password was changed, or the account disabled, while the old password was being checked.
            return None
        first = session_of_form(tx, arrival, person.id)
        if first is not None:
            return first
        if stronger:
            users.replace_hash(tx, person.id, person.password_hash, stronger)
        step = due(
            demands,
            is_confirmed=user.email_verified_at is not None,
            done=(),
            role=user.role,
            has_factor=factors.of_person(tx, user.id).any,
        )
        record_login(tx, arrival, Event.LOGIN_CHALLENGED if step else Event.LOGIN_SUCCEEDED, person.id)
        if step:
            return Unfinished(person.id, person.credential_epoch, step)
        tell_of_new_device(tx, arrival, person.id)
        return open_session(tx, lifetimes, arrival, user_id=person.id, credential_epoch=person.credential_epoch)

    row = transact(work)
    if row is None:
        raise WrongCredentials("user name or password is wrong")
    return row


def record_login(tx: Connection, arrival: Arrival, event: Event, user_id: str) -> None:
    """Write down that a user logged in, or has to take another step first."""
    address = arrival.client.ip_address
    events.record(tx, event, at=arrival.now, user_id=user_id, ip_address=address, channel=arrival.channel)


def tell_of_new_device(tx: Connection, arrival: Arrival, user_id: str) -> None:
    """Tell the person by mail, if no session of theirs has begun on this device before."""
    if arrival.channel == "web":
        known = user_id in arrival.knows
    else:
        known = session_list.has_begun(tx, user_id, arrival.channel, arrival.client.user_agent)
    if not known:
        notify(tx, user_id, MailKind.NEW_DEVICE, arrival.client, arrival.now)


def _record(arrival: Arrival, event: Event, found: Credentials | None, **detail: str) -> None:
    # The typed username is not kept, because people type their password into that field.
    user_id, address = found.id if found else None, arrival.client.ip_address
    transact(lambda tx: events.record(tx, event, at=arrival.now, user_id=user_id, ip_address=address, **detail))
