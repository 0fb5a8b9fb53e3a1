"""Prove once more that one knows the password, within a session. What is irrevocable asks for it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from webapp.core.errors import FieldError, WrongPassword
from webapp.core.events import Event
from webapp.core.passwords import verify_password
from webapp.core.session import SessionRow
from webapp.flows.client import Client
from webapp.store import events, users
from webapp.store.database import read, transact
from webapp.store.users import Credentials


class Gate(Protocol):
    """Counts tries of the current password."""

    def attempt(self, session: SessionRow) -> AbstractContextManager[None]:
        """Count this try; inside, the password is checked. Raises TooManyTries."""


def prove_password(
    session: SessionRow, current: str, *, gate: Gate, client: Client, now: int, during: str
) -> Credentials:
    """The person's credentials, if `current` is their password.

    `during` says in the trail what it was asked for. Raises FieldError("current_password", "wrong"), TooManyTries or
    DatabaseUnavailable.
    """
    try:
        with gate.attempt(session):
            found = read(lambda tx: users.get_credentials(tx, session.user_id))
            if found is None or not verify_password(found.password_hash, current):
                raise WrongPassword("the current password is wrong")
            return found
    except WrongPassword:
        _record_failure(session, client, now, during)
        raise FieldError("current_password", "wrong") from None


def _record_failure(session: SessionRow, client: Client, now: int, during: str) -> None:
    transact(
        lambda tx: events.record(
            tx,
            Event.LOGIN_FAILED,
            at=now,
            user_id=session.user_id,
            sid=session.sid,
            ip_address=client.ip_address,
            during=during,
        )
    )
