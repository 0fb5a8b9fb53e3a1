"""The last step of a login whose role needs a factor and has none: set one up, then begin the session."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from webapp.core.demands import Demands
from webapp.core.freshness import BY_PASSWORD_AND_CODE, BY_PASSWORD_AND_PASSKEY
from webapp.core.lifetimes import Lifetimes
from webapp.core.sealing import Safe
from webapp.core.session import EndReason, SessionRow
from webapp.core.steps import Step
from webapp.flows.arrival import Arrival
from webapp.flows.end_sessions import end
from webapp.flows.finish_login import go_on, still
from webapp.flows.log_in import Unfinished
from webapp.flows.own_factors import insert_app, prove_new
from webapp.flows.own_passkeys import Made, insert_passkey
from webapp.flows.prove_factor import Count, new_codes
from webapp.flows.reseal import belongs_to
from webapp.store import addresses, session_list, users
from webapp.store.addresses import Contact
from webapp.store.database import transact


def enrol_app(
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    login: Unfinished,
    secret: bytes,
    otp: str,
    *,
    since: int,
    safe: Safe,
    count: Count,
) -> tuple[SessionRow, list[str]]:
    """Store the app, end the person's other sessions, begin this one; with ten recovery codes.

    Raises FieldError (`otp` wrong or taken), TooManyTries (of new codes), LoginOver, OtherStep or DatabaseUnavailable.
    """
    step = prove_new(secret, otp, arrival.now)
    sealed = safe.seal(secret, belongs_to(login.user_id))

    def insert(tx: Connection, person: Contact, hashes: list[str]) -> None:
        insert_app(tx, person, sealed, step, hashes, None, arrival.client, arrival.now)

    return _enrol(lifetimes, demands, arrival, login, insert, BY_PASSWORD_AND_CODE, since, count)


def enrol_passkey(
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    login: Unfinished,
    made: Made,
    *,
    since: int,
    count: Count,
) -> tuple[SessionRow, list[str]]:
    """Store the passkey; otherwise as `enrol_app`. Raises Refused, and FieldError("credential", "taken"), too."""

    def insert(tx: Connection, person: Contact, hashes: list[str]) -> None:
        insert_passkey(tx, person, made, hashes, None, arrival.client, arrival.now)

    return _enrol(lifetimes, demands, arrival, login, insert, BY_PASSWORD_AND_PASSKEY, since, count)


def _enrol(
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    login: Unfinished,
    insert: Callable[[Connection, Contact, list[str]], None],
    proved: Collection[str],
    since: int,
    count: Count,
) -> tuple[SessionRow, list[str]]:
    now, who = arrival.now, login.user_id
    shown, hashes = new_codes(who, count)

    def work(tx: Connection) -> SessionRow:
        person = still(tx, addresses.lock(tx, who), demands, login, since=since, now=now).person
        insert(tx, person, hashes)
        end(tx, session_list.live_sids(tx, who, now), EndReason.FACTORS, arrival.client, now, by=who)
        users.change_credentials(tx, who)
        raised = person._replace(credential_epoch=person.credential_epoch + 1)
        done = (*login.done, Step.ENROL, Step.FACTOR)
        session = go_on(tx, lifetimes, demands, arrival, raised, done, proved)
        assert not isinstance(session, Unfinished)  # `still` knew of no other step
        return session

    return transact(work), shown
