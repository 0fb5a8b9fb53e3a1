"""Counters of the rate limits: one atomic statement a hit, shared by all workers and hosts."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, case, delete, select, update

from webapp.store.models import RateCounter

_counters = cast(Table, RateCounter.__table__)


class Window(NamedTuple):
    """A counter's state: how often, and the Unix second at which counting begins anew."""

    number: int
    expires_at: int


def add(tx: Connection, key: str, amount: int, *, now: int, seconds: int) -> Window:
    """Count `amount` in the running window of `key`, or begin one of `seconds` seconds.

    One UPSERT: of many requests at the same moment each sees a different count.
    """
    insert = _insert_of(tx.dialect.name)(_counters).values(key=key, count=amount, expires_at=now + seconds)
    over = _counters.c.expires_at <= now
    statement = insert.on_conflict_do_update(
        index_elements=[_counters.c.key],
        set_={
            "count": case((over, insert.excluded.count), else_=_counters.c.count + insert.excluded.count),
            "expires_at": case((over, insert.excluded.expires_at), else_=_counters.c.expires_at),
        },
    ).returning(_counters.c.count, _counters.c.expires_at)
    return Window._make(tx.execute(statement).one())


def _insert_of(dialect: str) -> Any:
    # Loaded by who uses it: the other dialect would be two megabytes of every worker.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


def give_back(tx: Connection, key: str, amount: int, *, now: int) -> None:
    """Take `amount` off again, if the window is still running. Never below zero."""
    left = case((_counters.c.count > amount, _counters.c.count - amount), else_=0)
    tx.execute(update(_counters).where(_counters.c.key == key, _counters.c.expires_at > now).values(count=left))


def look_up(tx: Connection, key: str, *, now: int) -> Window:
    """The running window of `key`; a count of 0 that ends now where there is none."""
    row = tx.execute(
        select(_counters.c.count, _counters.c.expires_at).where(_counters.c.key == key, _counters.c.expires_at > now)
    ).first()
    return Window(0, now) if row is None else Window._make(row)


def clear(tx: Connection, key: str | None = None) -> int:
    """Forget one counter, or all; how many there were."""
    statement = delete(_counters) if key is None else delete(_counters).where(_counters.c.key == key)
    return tx.execute(statement).rowcount


def sweep(tx: Connection, *, now: int, at_most: int = 1000) -> int:
    """Delete counters whose window is over; how many."""
    over = select(_counters.c.key).where(_counters.c.expires_at <= now).limit(at_most)
    return tx.execute(delete(_counters).where(_counters.c.key.in_(over))).rowcount
