"""Count something against a rate limit, in the database."""

from __future__ import annotations

import random

from sqlalchemy import Connection

from webapp.store import counters
from webapp.store.counters import Window
from webapp.store.database import transact

SWEEP_ONE_IN = 100
"""One hit in so many also deletes counters whose window is over, so that the table does not grow."""


def count_hits(key: str, amount: int, *, seconds: int, now: int) -> Window:
    """Count `amount` (negative: give back) in a window of `seconds` seconds. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> Window:
        if amount < 0:
            return counters.give_back(tx, key, -amount, now=now)
        counted = counters.add(tx, key, amount, now=now, seconds=seconds)
        if random.randrange(SWEEP_ONE_IN) == 0:  # noqa: S311 - nothing to guess here
            counters.sweep(tx, now=now)
        return counted

    return transact(work)
