"""People: find, list, add, change."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, insert, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError

from webapp.core.errors import FieldError
from webapp.core.logins import email_key, login_key, username_key
from webapp.core.text import is_storable
from webapp.store import retired_names
from webapp.store.models import USERS

MAX_LISTED = 500
"""People on one page of a listing."""


class Credentials(NamedTuple):
    """What a login needs to know of a person."""

    id: str
    username: str
    password_hash: str
    credential_epoch: int
    disabled_at: int | None
    email_verified_at: int | None
    role: str


class Account(NamedTuple):
    """A person without their secrets."""

    id: str
    username: str
    email: str
    name: str
    role: str
    created_at: int
    disabled_at: int | None
    email_verified_at: int | None

    @property
    def is_active_admin(self) -> bool:
        return self.role == "admin" and self.disabled_at is None


_CREDENTIALS = select(*(USERS.c[field] for field in Credentials._fields))
_ACCOUNTS = select(*(USERS.c[field] for field in Account._fields))


def find_credentials(tx: Connection, login: str) -> Credentials | None:
    """The user whose username or email address is `login`, as it was typed (see core/logins.py)."""
    found = _find(tx, _CREDENTIALS, login)
    return None if found is None else Credentials._make(found)


def get_credentials(tx: Connection, user_id: str) -> Credentials | None:
    """The person with this id."""
    row = tx.execute(_CREDENTIALS.where(USERS.c.id == user_id)).first()
    return None if row is None else Credentials._make(row)


def lock(tx: Connection, user_id: str) -> Credentials | None:
    """The person's row, held until the transaction ends (SQLite: the transaction itself is the lock)."""
    row = tx.execute(_CREDENTIALS.where(USERS.c.id == user_id).with_for_update()).first()
    return None if row is None else Credentials._make(row)


def find(tx: Connection, login: str) -> Account | None:
    """The account whose user name or email address is `login`, as `find_credentials`."""
    found = _find(tx, _ACCOUNTS, login)
    return None if found is None else Account._make(found)


def get(tx: Connection, user_id: str) -> Account | None:
    """The account with this id."""
    row = tx.execute(_ACCOUNTS.where(USERS.c.id == user_id)).first()
    return None if row is None else Account._make(row)


def _find(tx: Connection, people: Select[Any], login: str) -> Any:
    called = login_key(login)
    if called is None:
        return None
    key, is_address = called
    return tx.execute(people.where((USERS.c.email_key if is_address else USERS.c.username_key) == key)).first()


def names(tx: Connection, user_ids: set[str]) -> dict[str, str]:
    """User names by id."""
    if not user_ids:
        return {}
    rows = tx.execute(select(USERS.c.id, USERS.c.username).where(USERS.c.id.in_(user_ids)))
    return {str(user_id): str(username) for user_id, username in rows}


def page(tx: Connection, *, after: str, limit: int) -> list[Account]:
    """People in the order of their folded user names, from the one behind `after` on; at most `limit`.

    A page costs the same wherever it begins.
    """
    if not is_storable(after):
        return []
    key = USERS.c.username_key
    rows = tx.execute(_ACCOUNTS.where(key > after).order_by(key).limit(limit))
    return [Account._make(row) for row in rows]


def lock_admins_and(tx: Connection, user_id: str) -> list[Account]:
    """Every active administrator and this person, their rows held until the transaction ends."""
    admins = and_(USERS.c.role == "admin", USERS.c.disabled_at.is_(None))
    # In the order of their ids, so two such transactions never wait for each other.
    statement = _ACCOUNTS.where(or_(admins, USERS.c.id == user_id)).order_by(USERS.c.id).with_for_update()
    return [Account._make(row) for row in tx.execute(statement)]


def add(
    tx: Connection,
    *,
    username: str,
    email: str,
    name: str,
    password_hash: str,
    now: int,
    role: str = "user",
    language: str = "en",
    theme: str = "auto",
) -> str:
    """Insert a person and return the id. `username` and `email` are clean (core/logins.py).

    Raises FieldError("username" or "email", "taken").
    """
    if taken := _taken(tx, username, email):
        raise FieldError(taken, "taken")
    user_id = secrets.token_hex(16)
    values: dict[str, Any] = {
        "id": user_id,
        "username": username,
        "username_key": username_key(username),
        "email": email,
        "email_key": email_key(email),
        "name": name,
        "password_hash": password_hash,
        "role": role,
        "theme": theme,
        "language": language,
        "credential_epoch": 0,
        "created_at": now,
    }
    try:
        with tx.begin_nested():
            tx.execute(insert(USERS).values(values))
    except IntegrityError:
        # Two sign-ups at the same moment. The unique index decided, and the winner's row can be seen from now on.
        raise FieldError(_taken(tx, username, email) or "username", "taken") from None
    return user_id


def _taken(tx: Connection, username: str, email: str) -> str | None:
    """Which of the two another user has: "username", "email" or None."""
    for field, is_theirs in (
        ("username", USERS.c.username_key == username_key(username)),
        ("email", USERS.c.email_key == email_key(email)),
    ):
        if tx.execute(select(USERS.c.id).where(is_theirs)).first() is not None:
            return field
    return "username" if retired_names.is_retired(tx, username) else None


def delete(tx: Connection, user_id: str) -> None:
    """Delete the person and, by the foreign keys, all rows that belong to them."""
    tx.execute(sql_delete(USERS).where(USERS.c.id == user_id))


def save_profile(tx: Connection, user_id: str, **values: str) -> None:
    """Change some of `name`, `theme`, `language`."""
    assert set(values) <= {"name", "theme", "language"}
    tx.execute(update(USERS).where(USERS.c.id == user_id).values(values))


def set_role(tx: Connection, user_id: str, role: str) -> None:
    """Make the person a `user` or an `admin`."""
    tx.execute(update(USERS).where(USERS.c.id == user_id).values(role=role))


def set_disabled(tx: Connection, user_id: str, at: int | None) -> None:
    """Disable the account as of `at` (Unix seconds), or enable it with None."""
    tx.execute(update(USERS).where(USERS.c.id == user_id).values(disabled_at=at))


def replace_hash(tx: Connection, user_id: str, old_hash: str, new_hash: str) -> None:
    """Keep a stronger hash of the same password, unless the password was changed meanwhile."""
    statement = update(USERS).where(USERS.c.id == user_id, USERS.c.password_hash == old_hash)
    tx.execute(statement.values(password_hash=new_hash))


def change_everyones_credentials(tx: Connection) -> None:
    """Raise everybody's credential epoch."""
    tx.execute(update(USERS).values(credential_epoch=USERS.c.credential_epoch + 1))


def change_credentials(tx: Connection, user_id: str, password_hash: str | None = None) -> None:
    """Raise the credential epoch, which ends every session of before, and set another password hash if given."""
    values: dict[str, Any] = {"credential_epoch": USERS.c.credential_epoch + 1}
    if password_hash is not None:
        values["password_hash"] = password_hash
    tx.execute(update(USERS).where(USERS.c.id == user_id).values(values))
