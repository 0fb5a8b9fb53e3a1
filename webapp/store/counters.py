"""Counters of the rate limits: one atomic statement a hit, shared by all workers and hosts."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, delete, select, update

from webapp.store.models import RATE_COUNTERS


class Window(NamedTuple):
    """A counter's state: how often, and the Unix second at which counting begins anew."""

    number: int
    expires_at: int


def add(tx: Connection, key: str, amount: int, *, now: int, seconds: int) -> Window:
    """Count `amount` in the running window of `key`, or begin one of `seconds` seconds.

    One UPSERT, so that of many requests at the same moment each sees a different count.
    """
    insert = insert_of(tx.dialect.name)(RATE_COUNTERS).values(key=key, count=amount, expires_at=now + seconds)
    over = RATE_COUNTERS.c.expires_at <= now
    statement = insert.on_conflict_do_update(
        index_elements=[RATE_COUNTERS.c.key],
        set_={
            "count": case((over, insert.excluded.count), else_=RATE_COUNTERS.c.count + insert.excluded.count),
            "expires_at": case((over, insert.excluded.expires_at), else_=RATE_COUNTERS.c.expires_at),
        },
    ).returning(RATE_COUNTERS.c.count, RATE_COUNTERS.c.expires_at)
    return Window._make(tx.execute(statement).one())


def insert_of(dialect: str) -> Any:
    """`insert` of this dialect, which knows ON CONFLICT."""
    # Loaded where it is used, because the other dialect would be two megabytes of every worker.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


def give_back(tx: Connection, key: str, amount: int, *, now: int) -> Window:
    """Take `amount` off again, if the window is still running. Never below zero."""
    left = case((RATE_COUNTERS.c.count > amount, RATE_COUNTERS.c.count - amount), else_=0)
    statement = (
        update(RATE_COUNTERS)
        .where(RATE_COUNTERS.c.key == key, RATE_COUNTERS.c.expires_at > now)
        .values(count=left)
        .returning(RATE_COUNTERS.c.count, RATE_COUNTERS.c.expires_at)
    )
    row = tx.execute(statement).first()
    return Window(0, now) if row is None else Window._make(row)


def sweep(tx: Connection, *, now: int, at_most: int = 1000) -> int:
    """Delete counters whose window is over; how many."""
    over = select(RATE_COUNTERS.c.key).where(RATE_COUNTERS.c.expires_at <= now).limit(at_most)
    return tx.execute(delete(RATE_COUNTERS).where(RATE_COUNTERS.c.key.in_(over))).rowcount
