"""People as administrators see them: search, look up, change role and standing."""

from __future__ import annotations

from typing import NamedTuple, cast

from sqlalchemy import Connection, Table, and_, func, or_, select, update

from webapp.core.text import fold, is_storable
from webapp.store.models import User

_users = cast(Table, User.__table__)


class Account(NamedTuple):
    """A person without their secrets."""

    id: str
    username: str
    email: str
    name: str
    role: str
    created_at: int
    disabled_at: int | None

    @property
    def is_active_admin(self) -> bool:
        return self.role == "admin" and self.disabled_at is None


_ACCOUNTS = select(*(_users.c[field] for field in Account._fields))


def get(tx: Connection, user_id: str) -> Account | None:
    row = tx.execute(_ACCOUNTS.where(_users.c.id == user_id)).first()
    return None if row is None else Account._make(row)


def find(tx: Connection, login: str) -> Account | None:
    """The person whose user name or e-mail address is `login`, letter case ignored."""
    if not is_storable(login):
        return None
    key = fold(login)
    row = tx.execute(_ACCOUNTS.where(or_(_users.c.username_key == key, _users.c.email_key == key))).first()
    return None if row is None else Account._make(row)


def search(tx: Connection, text: str = "", *, offset: int = 0, limit: int) -> tuple[list[Account], int]:
    """People whose user name, address or name contains `text`, by user name; and how many there are in all."""
    where = and_(True)
    if text and is_storable(text):
        key = fold(text)
        where = or_(
            _users.c.username_key.contains(key, autoescape=True),
            _users.c.email_key.contains(key, autoescape=True),
            func.lower(_users.c.name).contains(text.lower(), autoescape=True),
        )
    total = tx.execute(select(func.count()).select_from(_users).where(where)).scalar_one()
    rows = tx.execute(_ACCOUNTS.where(where).order_by(_users.c.username_key).offset(offset).limit(limit))
    return [Account._make(row) for row in rows], total


def names(tx: Connection, user_ids: set[str]) -> dict[str, str]:
    """User names by id."""
    if not user_ids:
        return {}
    rows = tx.execute(select(_users.c.id, _users.c.username).where(_users.c.id.in_(user_ids)))
    return {str(user_id): str(username) for user_id, username in rows}


def lock_admins_and(tx: Connection, user_id: str) -> list[Account]:
    """Every active administrator and this person, their rows held until the transaction ends."""
    admins = and_(_users.c.role == "admin", _users.c.disabled_at.is_(None))
    # In the order of their ids: two such transactions never wait for each other.
    statement = _ACCOUNTS.where(or_(admins, _users.c.id == user_id)).order_by(_users.c.id).with_for_update()
    return [Account._make(row) for row in tx.execute(statement)]


def set_role(tx: Connection, user_id: str, role: str) -> None:
    tx.execute(update(_users).where(_users.c.id == user_id).values(role=role))


def set_disabled(tx: Connection, user_id: str, at: int | None) -> None:
    tx.execute(update(_users).where(_users.c.id == user_id).values(disabled_at=at))
