"""Sessions whose every refresh is asked for twice: a client that loses all its answers, or two holders of one session.

By the fork rule nobody shares a session without luck in every generation. This shows where that luck was had.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict

from sqlalchemy import Connection, select

from webapp.core.events import Event
from webapp.core.lifetimes import DAY
from webapp.store.database import DatabaseUnavailable, read
from webapp.store.models import SECURITY_EVENTS

log = logging.getLogger(__name__)

LOOKED_AT = 5000
"""Events that are looked through, the newest. A scrape must stay cheap, however long the trail is."""

RUN = 20
"""Generations in a row, each redelivered within a day. Tabs that open together now and then don't reach it."""


def count_always_redelivered(now: int) -> int | None:
    """How many sessions had RUN generations in a row redelivered since a day before `now`; None if nobody answers."""
    newest = (
        select(SECURITY_EVENTS.c.event, SECURITY_EVENTS.c.at, SECURITY_EVENTS.c.sid, SECURITY_EVENTS.c.detail)
        .order_by(SECURITY_EVENTS.c.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    statement = select(newest.c.sid, newest.c.detail).where(
        newest.c.event == Event.REFRESH_REDELIVERED.value, newest.c.at > now - DAY, newest.c.sid.is_not(None)
    )

    def work(tx: Connection) -> dict[str, set[int]]:
        generations: dict[str, set[int]] = defaultdict(set)
        for sid, detail in tx.execute(statement):
            generation = json.loads(detail).get("generation")
            if isinstance(generation, int):
                generations[sid].add(generation)
        return generations

    try:
        found = read(work)
    except DatabaseUnavailable:
        log.warning("redelivered sessions not counted: the database is busy or away")
        return None
    return sum(longest_run(generations) >= RUN for generations in found.values())


def longest_run(numbers: set[int]) -> int:
    """How many of `numbers` follow one another without a gap, at most."""
    longest = 0
    for number in numbers:
        if number - 1 not in numbers:
            length = 1
            while number + length in numbers:
                length += 1
            longest = max(longest, length)
    return longest
