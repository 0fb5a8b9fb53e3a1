"""Finding people by a piece of text, a stretch of the table at a time.

No index helps to find a piece in the middle of a name. So one search looks at SEARCHED people and says where to go on.
It costs the same among a million as among that many. A whole user name or address is found everywhere (`users.find`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, true

from webapp.core.logins import email_key, username_key
from webapp.core.text import fold, is_storable
from webapp.store.models import USERS
from webapp.store.users import Account

SEARCHED = 10_000
"""People that one search looks at."""
MAX_QUERY = 100
"""Characters of a search that count."""


class Found(NamedTuple):
    people: list[Account]
    """In the order of their folded user names."""
    after: str | None
    """The folded user name to go on behind; None where everybody was looked at."""


def search(tx: Connection, text: str, *, after: str, limit: int) -> Found:
    """People whose user name, address or name contains `text`; at most `limit` of the SEARCHED ones behind `after`."""
    if not is_storable(after):
        return Found([], None)
    people = [Account._make(row) for row in tx.execute(statement(text, after=after, limit=limit))]
    if len(people) == limit:
        return Found(people, username_key(people[-1].username))
    key = USERS.c.username_key
    last = select(key).where(key > after).order_by(key).offset(SEARCHED - 1).limit(1)
    return Found(people, tx.execute(last).scalar())


def statement(text: str, *, after: str, limit: int) -> Select[Any]:
    """The search itself. The stretch is cut before it is searched, whatever PostgreSQL believes about `text`."""
    key = USERS.c.username_key
    stretch = select(USERS).where(key > after).order_by(key).limit(SEARCHED).subquery()
    accounts = select(*(stretch.c[field] for field in Account._fields))
    return accounts.where(_contains(stretch.c, text)).order_by(stretch.c.username_key).limit(limit)


def _contains(columns: Any, text: str) -> ColumnElement[bool]:
    text = text[:MAX_QUERY]
    if not text or not is_storable(text):
        return true()
    return or_(
        columns.username_key.contains(fold(text), autoescape=True),
        columns.email_key.contains(email_key(text), autoescape=True),
        func.lower(columns.name).contains(text.lower(), autoescape=True),
    )
