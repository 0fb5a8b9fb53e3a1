"""Log in with a password; and where every login goes on: to the step that is due, or into its session."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from webapp.core.errors import TooManyTries, WrongPassword
from webapp.core.events import Event
from webapp.core.freshness import BY_PASSWORD, joined
from webapp.core.mail import MailKind
from webapp.core.passwords import hash_password, needs_rehash, verify_password
from webapp.core.session import SessionRow
from webapp.core.steps import Step, due
from webapp.flows.arrival import Arrival
from webapp.flows.notify import notify
from webapp.flows.open_session import open_session, session_of_form
from webapp.store import events, factors, session_list, users
from webapp.store.addresses import Contact
from webapp.store.database import read, transact
from webapp.store.factors import Factors
from webapp.store.users import Credentials


class WrongCredentials(WrongPassword):
    """Unknown name, wrong password or disabled account: one answer for all, so that nobody learns which."""


class Unfinished(NamedTuple):
    """A login under way: the password was right, but something is still to be proved before there is a session.

    Made once per request, and passed whole.
    """

    arrival: Arrival
    """Of the request that is at the step, which is a later one than the password's."""
    user_id: str
    credential_epoch: int
    since: int
    """When the password was right, Unix seconds."""
    step: Step
    done: tuple[str, ...] = ()
    """Steps that have been taken."""


class Gate(Protocol):
    """Limits of logging in (web/gates.py)."""

    def attempt(self, login: str, found: Credentials | None) -> AbstractContextManager[None]:
        """Count this try; inside, the password is checked. Raises TooManyTries."""

    def admit(self, user_id: str) -> None:
        """Count a right password. Raises TooManyTries."""


def log_in(arrival: Arrival, *, login: str, password: str, gate: Gate) -> SessionRow | Unfinished:
    """Check the password; start a session, unless the site demands more of this person first.

    `login` is a user name or email address. Raises TooManyTries, WrongCredentials or DatabaseUnavailable. The password
    is hashed exactly once, for a known and an unknown name alike, and never inside a transaction.
    """
    found = read(lambda tx: users.find_credentials(tx, login))
    try:
        with gate.attempt(login, found):
            person = _prove(found, password)
            gate.admit(person.id)
            return _open(arrival, person, password)
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


def _open(arrival: Arrival, person: Credentials, password: str) -> SessionRow | Unfinished:
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
        return go_on(tx, arrival, user, BY_PASSWORD, since=arrival.now)

    row = transact(work)
    if row is None:
        raise WrongCredentials("user name or password is wrong")
    return row


def go_on(
    tx: Connection,
    arrival: Arrival,
    person: Contact | Credentials,
    proved: Collection[str],
    *,
    since: int,
    done: tuple[str, ...] = (),
) -> SessionRow | Unfinished:
    """Start the session, unless a step is left after those in `done`. The person's row is held.

    `proved`: by which methods (core/freshness.py). `since`: as in `Unfinished`.
    """
    step, _has = step_due(tx, arrival, person, done)
    if step is None:
        _record_login(tx, arrival, Event.LOGIN_SUCCEEDED, person.id)
        _tell_of_new_device(tx, arrival, person.id)
        epoch, amr = person.credential_epoch, joined("", proved)
        return open_session(tx, arrival, user_id=person.id, credential_epoch=epoch, amr=amr)
    if not done:
        _record_login(tx, arrival, Event.LOGIN_CHALLENGED, person.id)
    return Unfinished(arrival, person.id, person.credential_epoch, since, step, done)


def step_due(
    tx: Connection, arrival: Arrival, person: Contact | Credentials, done: Collection[str]
) -> tuple[Step | None, Factors]:
    """The next step of a person who has proved their password and the steps `done`, if one is left; and what they
    have."""
    has = factors.of_person(tx, person.id)
    is_confirmed = person.email_verified_at is not None
    step = due(arrival.demands, is_confirmed=is_confirmed, done=done, role=person.role, has_factor=has.any)
    return step, has


def _record_login(tx: Connection, arrival: Arrival, event: Event, user_id: str) -> None:
    address = arrival.client.ip_address
    events.record(tx, event, at=arrival.now, user_id=user_id, ip_address=address, channel=arrival.channel)


def _tell_of_new_device(tx: Connection, arrival: Arrival, user_id: str) -> None:
    """Tell the person by mail, if no session of theirs has begun on this device before."""
    if arrival.channel == "web":
        known = user_id in arrival.knows()
    else:
        known = session_list.has_begun(tx, user_id, arrival.channel, arrival.client.user_agent)
    if not known:
        notify(tx, user_id, MailKind.NEW_DEVICE, arrival.client, arrival.now)


def _record(arrival: Arrival, event: Event, found: Credentials | None, **detail: str) -> None:
    # The typed username is not kept, because people type their password into that field.
    user_id, address = found.id if found else None, arrival.client.ip_address
    transact(lambda tx: events.record(tx, event, at=arrival.now, user_id=user_id, ip_address=address, **detail))
