"""Count something against a rate limit, in the database."""

from __future__ import annotations

import random

from sqlalchemy import Connection

from webapp.store import counters
from webapp.store.counters import Window
from webapp.store.database import read, transact

SWEEP_ONE_IN = 100
"""One hit in so many also deletes counters whose window is over, so that the table does not grow."""


def count(key: str, amount: int, *, seconds: int, now: int) -> int:
    """Count `amount` (negative: give back) in a window of `seconds` seconds; the count. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> int:
        if amount < 0:
            counters.give_back(tx, key, -amount, now=now)
            return counters.look_up(tx, key, now=now).number
        counted = counters.add(tx, key, amount, now=now, seconds=seconds)
        if random.randrange(SWEEP_ONE_IN) == 0:  # noqa: S311 - nothing to guess here
            counters.sweep(tx, now=now)
        return counted.number

    return transact(work)


def look_up(key: str, *, now: int) -> Window:
    """Count and end of the running window. Raises DatabaseUnavailable."""
    return read(lambda tx: counters.look_up(tx, key, now=now))


def forget(key: str | None = None) -> int:
    """Forget one counter, or all. Raises DatabaseUnavailable."""
    return transact(lambda tx: counters.clear(tx, key))
