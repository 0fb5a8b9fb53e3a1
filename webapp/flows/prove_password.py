"""Prove once more that one knows the password, within a session."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from webapp.core.errors import WrongPassword
from webapp.core.passwords import verify_password
from webapp.core.session import SessionRow
from webapp.store import users
from webapp.store.database import read
from webapp.store.users import Credentials


class Gate(Protocol):
    """Counts tries of the current password."""

    def attempt(self, session: SessionRow) -> AbstractContextManager[None]:
        """Count this try; inside, the password is checked. Raises TooManyTries."""


def prove_password(session: SessionRow, current: str, gate: Gate) -> Credentials:
    """The person's credentials, if `current` is their password.

    Raises WrongPassword, TooManyTries or DatabaseUnavailable.
    """
    with gate.attempt(session):
        found = read(lambda tx: users.get_credentials(tx, session.user_id))
        if found is None or not verify_password(found.password_hash, current):
            raise WrongPassword("the current password is wrong")
        return found
