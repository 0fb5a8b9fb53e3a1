"""Record malformed or unexpected tokens in the audit trail, at a limited rate."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from webapp.core.decision import TokenState
from webapp.core.events import Event
from webapp.core.judgement import Judgement
from webapp.core.lifetimes import HOUR, MINUTE
from webapp.core.standing import Standing
from webapp.flows.client import Client
from webapp.store import counters, events
from webapp.store.database import DatabaseUnavailable, db, transact

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds. No request waits longer for the trail."""
JUNK_PER_MINUTE = 120
"""Events about tokens that are not ours, of all workers and hosts together; beyond that they only reach the log."""
SIGNED_PER_HOUR = 60
"""Events about genuine tokens of one session. Junk never uses them up, and no session uses up another's."""

SIGNED = frozenset({Event.TOKEN_PAIR_MISMATCH, Event.REFRESH_UNKNOWN, Event.REFRESH_ABANDONED})
"""Events about tokens that carry our signature."""

_junk_is_over: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()
"""Until when (Unix seconds) this worker knows the minute's junk to be used up, so it need not count any more."""


def is_odd(judgement: Judgement, duplicates: Collection[str] = ()) -> bool:
    """Whether there is anything to record. It is asked on every request, so that honest ones cost nothing more."""
    return (
        judgement.access.state is TokenState.INVALID
        or judgement.refresh.state is TokenState.INVALID
        or judgement.standing is Standing.UNKNOWN
        or bool(duplicates)
        or judgement.mismatched
    )


def note_odd_tokens(judgement: Judgement, duplicates: Collection[str], client: Client, now: int) -> None:
    """Record each odd thing about a request's tokens, at `now` (Unix seconds). Never raises.

    `duplicates` are the token cookies that were sent more than once.
    """
    _note(judgement, _oddities(judgement, duplicates), client, now)


def note_abandoned(judgement: Judgement, client: Client, now: int) -> None:
    """Record that the holder of an abandoned successor has to log in, because a better one is in use. Never raises."""
    _note(judgement, [(Event.REFRESH_ABANDONED, {})], client, now)


def _note(judgement: Judgement, found: list[tuple[Event, dict[str, Any]]], client: Client, now: int) -> None:
    claims = judgement.claims
    whose = {"user_id": claims.sub, "sid": claims.sid} if claims else {}

    def work(tx: Connection) -> list[Event]:
        left_out = []
        for event, detail in found:
            if _is_within_cap(tx, event, claims.sid if claims else "", now):
                events.record(tx, event, at=now, ip_address=client.ip_address, **whose, **detail)
            else:
                left_out.append(event)
        return left_out

    left_out = [event for event, _detail in found]
    if now < _junk_is_over.get(db.engine, 0) and SIGNED.isdisjoint(left_out):
        reason = "there are too many"
    else:
        try:
            left_out, reason = transact(work, patience=PATIENCE), "there are too many"
        except DatabaseUnavailable:
            reason = "the database is busy"
    if left_out:
        log.warning("odd tokens, not written to the trail because %s: %s", reason, ", ".join(left_out))


def _is_within_cap(tx: Connection, event: Event, sid: str, now: int) -> bool:
    if event in SIGNED:
        return counters.add(tx, f"odd tokens/{sid}", 1, now=now, seconds=HOUR).number <= SIGNED_PER_HOUR
    window = counters.add(tx, "odd tokens", 1, now=now, seconds=MINUTE)
    if window.number > JUNK_PER_MINUTE:
        _junk_is_over[db.engine] = window.expires_at
    return window.number <= JUNK_PER_MINUTE


def _oddities(judgement: Judgement, duplicates: Collection[str]) -> list[tuple[Event, dict[str, Any]]]:
    """What honest clients do not send: (event, detail)."""
    found: list[tuple[Event, dict[str, Any]]] = []
    for cookie, verdict in (("access_token", judgement.access), ("refresh_token", judgement.refresh)):
        if cookie in duplicates:
            found.append((Event.COOKIE_DUPLICATE, {"cookie": cookie}))
        elif verdict.state is TokenState.INVALID and verdict.reason:
            found.append((Event.TOKEN_INVALID, {"token": cookie, "reason": verdict.reason}))
    if judgement.mismatched:
        found.append((Event.TOKEN_PAIR_MISMATCH, {}))
    if judgement.standing is Standing.UNKNOWN:
        found.append((Event.REFRESH_UNKNOWN, {"outcome": judgement.outcome.value}))
    return found
