"""Delete what nobody needs any more, in small transactions, so that nobody has to wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.lifetimes import DAY
from webapp.core.mail import KEPT as MAILS_KEPT
from webapp.store import counters, events, guests, mails, session_list, spent
from webapp.store.database import transact

KEPT = 30 * DAY
"""Seconds an ended session is kept: as long as its owner is shown why it ended."""

BATCH = 500


class Purged(NamedTuple):
    sessions: int
    counters: int
    guests: int
    mails: int
    challenges: int
    """Of passkeys, answered and over."""


def purge(now: int, *, kept: int = KEPT, batch: int = BATCH) -> Purged:
    """Delete sessions that ended more than `kept` seconds ago, rate counters and guests whose time is over, old mails,
    answered challenges of passkeys.

    Safe to run at any time, twice, and in parallel. Each batch is a transaction of its own, and on PostgreSQL rows
    that another run holds are passed over. Raises DatabaseUnavailable; rows deleted until then stay deleted.
    """
    return Purged(
        _in_batches(lambda tx: session_list.purge_expired(tx, ended_before=now - kept, at_most=batch), batch)
        + _in_batches(lambda tx: session_list.purge_ended(tx, ended_before=now - kept, at_most=batch), batch),
        _in_batches(lambda tx: counters.sweep(tx, now=now, at_most=batch), batch),
        _in_batches(lambda tx: guests.purge(tx, now=now, at_most=batch), batch),
        _in_batches(lambda tx: mails.sweep(tx, before=now - MAILS_KEPT, at_most=batch), batch),
        _in_batches(lambda tx: spent.sweep(tx, now=now, at_most=batch), batch),
    )


def purge_events(now: int, *, kept: int, batch: int = BATCH) -> int:
    """Delete events that are older than `kept` seconds; how many. As safe as `purge`. Raises DatabaseUnavailable."""
    return _in_batches(lambda tx: events.purge(tx, before=now - kept, at_most=batch), batch)


def _in_batches(delete_some: Callable[[Connection], int], batch: int) -> int:
    deleted = 0
    while True:
        some = transact(delete_some)
        deleted += some
        if some < batch:
            return deleted
