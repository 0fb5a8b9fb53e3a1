"""Email addresses of people: find, confirm, change. Every change is one conditional statement."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select, update
from sqlalchemy.exc import IntegrityError

from webapp.core.errors import FieldError
from webapp.core.logins import email_key, login_key
from webapp.store.models import USERS


class Contact(NamedTuple):
    """How a person is reached, and whether the address was proved to be theirs."""

    id: str
    username: str
    name: str
    email: str
    email_verified_at: int | None
    language: str
    theme: str
    role: str
    created_at: int
    password_hash: str
    credential_epoch: int
    disabled_at: int | None

    @property
    def is_confirmed(self) -> bool:
        return self.email_verified_at is not None


_CONTACT = select(*(USERS.c[field] for field in Contact._fields))


_HELD = _CONTACT.with_for_update(read=True, key_share=True)


def find(tx: Connection, login: str) -> Contact | None:
    """The person whose username or address is `login`, as in `users.find_credentials`."""
    return _find(tx, _CONTACT, login)


def find_and_hold(tx: Connection, login: str) -> Contact | None:
    """The same as `find`, and as `hold`."""
    return _find(tx, _HELD, login)


def _find(tx: Connection, people: Select[Any], login: str) -> Contact | None:
    found = login_key(login)
    if found is None:
        return None
    key, is_address = found
    row = tx.execute(people.where((USERS.c.email_key if is_address else USERS.c.username_key) == key)).first()
    return None if row is None else Contact._make(row)


def get(tx: Connection, user_id: str) -> Contact | None:
    """The person with this id."""
    row = tx.execute(_CONTACT.where(USERS.c.id == user_id)).first()
    return None if row is None else Contact._make(row)


def hold(tx: Connection, user_id: str) -> Contact | None:
    """The person with this id, kept from being deleted until the transaction ends, because rows that belong to them
    follow."""
    row = tx.execute(_HELD.where(USERS.c.id == user_id)).first()
    return None if row is None else Contact._make(row)


def lock(tx: Connection, user_id: str) -> Contact | None:
    """The person with this id, held until the transaction ends."""
    row = tx.execute(_CONTACT.where(USERS.c.id == user_id).with_for_update()).first()
    return None if row is None else Contact._make(row)


def is_confirmed_elsewhere(tx: Connection, email: str, user_id: str) -> bool:
    """Has another person proved that this address is theirs?"""
    statement = select(USERS.c.id).where(
        USERS.c.email_key == email_key(email), USERS.c.id != user_id, USERS.c.email_verified_at.is_not(None)
    )
    return tx.execute(statement).first() is not None


def confirm(tx: Connection, user_id: str, email: str, now: int) -> bool:
    """Note that this person's address, as it is now, is theirs. True if it had not been confirmed yet."""
    statement = update(USERS).where(USERS.c.id == user_id, USERS.c.email == email, USERS.c.email_verified_at.is_(None))
    return tx.execute(statement.values(email_verified_at=now)).rowcount == 1


def change(tx: Connection, user_id: str, email: str, now: int) -> None:
    """Give the person another, just confirmed address. Raises FieldError("email", "taken")."""
    _change(tx, user_id, email, now)


def correct(tx: Connection, user_id: str, email: str) -> None:
    """Give the person another address that is not confirmed. Raises FieldError("email", "taken")."""
    _change(tx, user_id, email, None)


def _change(tx: Connection, user_id: str, email: str, verified_at: int | None) -> None:
    values = {"email": email, "email_key": email_key(email), "email_verified_at": verified_at}
    try:
        with tx.begin_nested():
            tx.execute(update(USERS).where(USERS.c.id == user_id).values(values))
    except IntegrityError:
        # Another account took it between asking and confirming. The unique index decides.
        raise FieldError("email", "taken") from None
