"""People: find, add, change."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp.core.errors import FieldError
from webapp.core.text import fold, is_storable
from webapp.store.models import User

_users = cast(Table, User.__table__)


class Credentials(NamedTuple):
    """What a log-in needs to know of a person."""

    id: str
    username: str
    password_hash: str
    credential_epoch: int
    disabled_at: int | None


class ListedUser(NamedTuple):
    """A person in a listing."""

    id: str
    username: str
    username_key: str
    email: str
    name: str
    role: str
    created_at: int
    disabled_at: int | None


MAX_LISTED = 500
"""People on one page of a listing."""

_CREDENTIALS = select(*(_users.c[field] for field in Credentials._fields))


def find_credentials(tx: Connection, login: str) -> Credentials | None:
    """The person whose user name or e-mail address is `login`, letter case and Unicode variants ignored."""
    if not is_storable(login):
        return None
    key = fold(login)
    # A user name holds no @ and an address does, so at most one row fits.
    row = tx.execute(_CREDENTIALS.where(or_(_users.c.username_key == key, _users.c.email_key == key))).first()
    return None if row is None else Credentials._make(row)


def lock(tx: Connection, user_id: str) -> Credentials | None:
    """The person's row, held until the transaction ends (SQLite: the transaction itself is the lock)."""
    row = tx.execute(_CREDENTIALS.where(_users.c.id == user_id).with_for_update()).first()
    return None if row is None else Credentials._make(row)


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
    """Insert a person and return the id. Raises FieldError("username" or "email", "taken")."""
    keys = {"username": (_users.c.username_key, fold(username)), "email": (_users.c.email_key, fold(email))}
    for field, (column, key) in keys.items():
        if tx.execute(select(_users.c.id).where(column == key)).first() is not None:
            raise FieldError(field, "taken")
    user_id = secrets.token_hex(16)
    values: dict[str, Any] = {
        "id": user_id,
        "username": username,
        "username_key": keys["username"][1],
        "email": email,
        "email_key": keys["email"][1],
        "name": name,
        "password_hash": password_hash,
        "role": role,
        "theme": theme,
        "language": language,
        "credential_epoch": 0,
        "created_at": now,
    }
    try:
        tx.execute(insert(_users).values(values))
    except IntegrityError as error:
        # Two sign-ups at the same moment: the unique index decided. Which one it was stands in the error's text.
        raise FieldError("email" if "email" in str(error.orig) else "username", "taken") from None
    return user_id


def save_profile(tx: Connection, user_id: str, **values: str) -> None:
    """Change some of `name`, `theme`, `language`."""
    assert set(values) <= {"name", "theme", "language"}
    tx.execute(update(_users).where(_users.c.id == user_id).values(values))


def replace_hash(tx: Connection, user_id: str, old_hash: str, new_hash: str) -> None:
    """Keep a stronger hash of the same password, unless the password was changed meanwhile."""
    statement = update(_users).where(_users.c.id == user_id, _users.c.password_hash == old_hash)
    tx.execute(statement.values(password_hash=new_hash))


def page(tx: Connection, *, after: str, limit: int) -> list[ListedUser]:
    """People in the order of their folded user names, from the one behind `after` on; at most `limit`."""
    if not is_storable(after):
        return []
    statement = (
        select(*(_users.c[field] for field in ListedUser._fields))
        .where(_users.c.username_key > after)
        .order_by(_users.c.username_key)
        .limit(limit)
    )
    return [ListedUser._make(row) for row in tx.execute(statement)]
