"""How long one request may wait for the database in all.

Each wait is charged to the request that waits. Once nothing is left, the request gets 503, because a thread that waits
without end is lost for all other requests.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

from webapp.store.failures import DatabaseUnavailable

PATIENCE = 5.0
"""Seconds one request may wait for the database in all; after that it answers 503 and changes nothing."""

_spent: ContextVar[float | None] = ContextVar("spent", default=None)
"""Seconds this request has waited so far; None outside requests, because a command may take its time."""
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When the block of `time_budget` that is running must be over, by the monotonic clock."""


def reset_budget(already_waited: float = 0.0) -> None:
    """Begin a request that has waited for a thread for `already_waited` seconds."""
    _spent.set(max(already_waited, 0.0))


class time_budget:  # noqa: N801 - used like a function; made of a generator it would cost half as much again
    """Add the time spent in this block to the request's database time. Yields the seconds it may take.

    At most `patience`. Raises DatabaseUnavailable if the request has no time left.
    """

    __slots__ = ("_outer", "_patience", "_started")

    def __init__(self, patience: float) -> None:
        self._patience = patience

    def __enter__(self) -> float:
        spent, outer, started = _spent.get(), _deadline.get(), time.monotonic()
        allowed = self._patience if spent is None else min(self._patience, PATIENCE - spent)
        if outer is not None:
            allowed = min(allowed, outer - started)
        if allowed <= 0:
            raise DatabaseUnavailable("the database kept this request waiting for too long")
        self._outer, self._started = outer, started
        _deadline.set(started + allowed)
        return allowed

    def __exit__(self, *_error: object) -> None:
        _deadline.set(self._outer)
        spent = _spent.get()
        if spent is not None and self._outer is None:
            _spent.set(spent + time.monotonic() - self._started)


def seconds_left() -> float | None:
    """Seconds that a wait which begins now may take; may be negative. None: no limit, as for a command."""
    deadline, spent = _deadline.get(), _spent.get()
    if deadline is not None:
        return deadline - time.monotonic()
    return None if spent is None else PATIENCE - spent


def charge(seconds: float) -> None:
    """Add a wait outside of any block, such as a listing's. Inside of one the block itself is charged."""
    spent = _spent.get()
    if spent is not None and _deadline.get() is None:
        _spent.set(spent + seconds)
