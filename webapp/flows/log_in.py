"""Log in with a password."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from sqlalchemy import Connection

from webapp.core.errors import TokenroomError, TooManyTries
from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.passwords import hash_password, needs_rehash, verify_password
from webapp.core.session import Channel, SessionRow
from webapp.flows.client import Client
from webapp.flows.open_session import open_session
from webapp.store import events, users
from webapp.store.database import DatabaseUnavailable, read, transact
from webapp.store.users import Credentials


class WrongCredentials(TokenroomError):
    """Unknown name, wrong password or disabled account: one answer for all, so that nobody learns which."""


class Gate(Protocol):
    """Counts log-in attempts."""

    def enter(self, login: str, found: Credentials | None) -> None:
        """Count this attempt, before its password is checked. Raises TooManyTries."""

    def passed(self) -> None:
        """The password was right, or was not checked: this attempt does not count."""


def log_in(
    lifetimes: Lifetimes,
    *,
    login: str,
    password: str,
    channel: Channel,
    persistent: bool,
    presented: Collection[str],
    client: Client,
    now: int,
    gate: Gate,
) -> SessionRow:
    """Check the password and start a session.

    `login` is a user name or e-mail address; `presented` are the ids of sessions whose authentic tokens came with
    the request: they end. Raises TooManyTries, WrongCredentials or DatabaseUnavailable. The password is hashed
    exactly once whoever is meant, and never inside a transaction.
    """
    found = read(lambda tx: users.find_credentials(tx, login))
    try:
        gate.enter(login, found)
    except TooManyTries as refusal:
        if refusal.first:
            # Once a window: a stranger who goes on trying must not fill the trail.
            _record(Event.LOGIN_LIMITED, found.id if found else None, client, now, limit=refusal.limit)
        raise
    try:
        row = _enter(lifetimes, found, password, channel, persistent, presented, client, now)
    except DatabaseUnavailable:
        gate.passed()
        raise
    gate.passed()
    return row


def _enter(
    lifetimes: Lifetimes,
    found: Credentials | None,
    password: str,
    channel: Channel,
    persistent: bool,
    presented: Collection[str],
    client: Client,
    now: int,
) -> SessionRow:
    proved = verify_password(found.password_hash if found else None, password)
    if found is None or not proved or found.disabled_at is not None:
        _record(Event.LOGIN_FAILED, found.id if found else None, client, now)
        raise WrongCredentials("user name or password is wrong")
    stronger = hash_password(password) if needs_rehash(found.password_hash) else None

    def work(tx: Connection) -> SessionRow | None:
        user = users.lock(tx, found.id)
        if user is None or user.disabled_at is not None or user.credential_epoch != found.credential_epoch:
            # The password was changed, or the account disabled, while the old password was being checked.
            return None
        if stronger:
            users.replace_hash(tx, found.id, found.password_hash, stronger)
        events.record(
            tx, Event.LOGIN_SUCCEEDED, at=now, user_id=found.id, ip_address=client.ip_address, channel=channel
        )
        return open_session(
            tx,
            lifetimes,
            user_id=found.id,
            credential_epoch=found.credential_epoch,
            channel=channel,
            persistent=persistent,
            presented=presented,
            client=client,
            now=now,
        )

    row = transact(work)
    if row is None:
        _record(Event.LOGIN_FAILED, found.id, client, now)
        raise WrongCredentials("user name or password is wrong")
    return row


def _record(event: Event, user_id: str | None, client: Client, now: int, **detail: str) -> None:
    # What was typed as a user name is not kept: people type their password there.
    transact(lambda tx: events.record(tx, event, at=now, user_id=user_id, ip_address=client.ip_address, **detail))
