"""The last step of a login whose role needs a factor and has none: set one up, then begin the session."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from webapp.core.freshness import BY_PASSWORD_AND_CODE, BY_PASSWORD_AND_PASSKEY
from webapp.core.sealing import Safe
from webapp.core.session import EndReason, SessionRow
from webapp.core.steps import Step
from webapp.flows.end_sessions import end_with_credentials
from webapp.flows.finish_login import take_step
from webapp.flows.log_in import Unfinished
from webapp.flows.own_factors import insert_app, prove_new
from webapp.flows.own_passkeys import Made, insert_passkey
from webapp.flows.prove_factor import Count, new_codes
from webapp.flows.reseal import belongs_to
from webapp.store.addresses import Contact


def enrol_app(login: Unfinished, secret: bytes, otp: str, *, safe: Safe, count: Count) -> tuple[SessionRow, list[str]]:
    """Store the app, end the person's other sessions, begin this one; with ten recovery codes.

    Raises FieldError (`otp` wrong or taken), TooManyTries (of new codes), LoginOver, OtherStep or DatabaseUnavailable.
    """
    arrival = login.arrival
    step = prove_new(secret, otp, arrival.now)
    sealed = safe.seal(secret, belongs_to(login.user_id))

    def insert(tx: Connection, person: Contact, hashes: list[str]) -> None:
        insert_app(tx, person, sealed, step, hashes, None, arrival.client, arrival.now)

    return _enrol(login, insert, BY_PASSWORD_AND_CODE, count)


def enrol_passkey(login: Unfinished, made: Made, *, count: Count) -> tuple[SessionRow, list[str]]:
    """Store the passkey; otherwise as `enrol_app`. Raises Refused, and FieldError("credential", "taken"), too."""

    def insert(tx: Connection, person: Contact, hashes: list[str]) -> None:
        insert_passkey(tx, person, made, hashes, None, login.arrival.client, login.arrival.now)

    return _enrol(login, insert, BY_PASSWORD_AND_PASSKEY, count)


def _enrol(
    login: Unfinished,
    insert: Callable[[Connection, Contact, list[str]], None],
    proved: Collection[str],
    count: Count,
) -> tuple[SessionRow, list[str]]:
    client, now, who = login.arrival.client, login.arrival.now, login.user_id
    shown, hashes = new_codes(who, count)

    def use(tx: Connection, person: Contact) -> Contact:
        insert(tx, person, hashes)
        end_with_credentials(tx, who, EndReason.FACTORS, client, now, by=who)
        return person._replace(credential_epoch=person.credential_epoch + 1)

    # With the new factor the second step is taken, too.
    session = take_step(login, use, proved, Step.FACTOR)
    assert not isinstance(session, Unfinished)  # no other step was due
    return session, shown
