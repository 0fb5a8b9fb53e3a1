"""Keep what strangers do with strange tokens: in the trail, but never so much that it fills the disk."""

from __future__ import annotations

import logging
from collections.abc import Collection
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from webapp.core.decision import Outcome, TokenState
from webapp.core.lifetimes import HOUR, MINUTE
from webapp.core.standing import Standing
from webapp.flows.client import Client
from webapp.flows.judge import CONFIRM_PATIENCE, Evidence
from webapp.store import counters, events
from webapp.store.database import DatabaseUnavailable, db, transact

log = logging.getLogger(__name__)

JUNK_PER_MINUTE = 120
"""Events about tokens that are not ours, of all workers and hosts together; beyond that they only reach the log."""
SIGNED_PER_HOUR = 60
"""Events about genuine tokens of one session. Junk never uses them up, and no session uses up another's."""

SIGNED = frozenset({"token.pair_mismatch", "refresh.unknown"})
"""Events about tokens that carry our signature."""

_junk_is_over: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()
"""Until when (Unix seconds) this worker knows the minute's junk to be used up: it need not count any more."""


def note_oddities(evidence: Evidence, outcome: Outcome, duplicates: Collection[str], client: Client, now: int) -> None:
    """Write an event for each odd thing about a request's tokens. Never raises.

    `duplicates` are the token cookies whose name came more than once.
    """
    found = _oddities(evidence, outcome, duplicates)
    if not found:
        return
    claims = evidence.authentic
    whose = {"user_id": claims.sub, "sid": claims.sid} if claims else {}

    def work(tx: Connection) -> list[str]:
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
            left_out, reason = transact(work, patience=CONFIRM_PATIENCE), "there are too many"
        except DatabaseUnavailable:
            reason = "the database is busy"
    if left_out:
        log.warning("odd tokens, not written to the trail because %s: %s", reason, ", ".join(left_out))


def _is_within_cap(tx: Connection, event: str, sid: str, now: int) -> bool:
    if event in SIGNED:
        return counters.add(tx, f"odd tokens/{sid}", 1, now=now, seconds=HOUR).number <= SIGNED_PER_HOUR
    window = counters.add(tx, "odd tokens", 1, now=now, seconds=MINUTE)
    if window.number > JUNK_PER_MINUTE:
        _junk_is_over[db.engine] = window.expires_at
    return window.number <= JUNK_PER_MINUTE


def _oddities(evidence: Evidence, outcome: Outcome, duplicates: Collection[str]) -> list[tuple[str, dict[str, str]]]:
    """What honest clients do not send: (event, detail)."""
    found: list[tuple[str, dict[str, str]]] = []
    for cookie, verdict in (("access_token", evidence.access), ("refresh_token", evidence.refresh)):
        if cookie in duplicates:
            found.append(("cookie.duplicate", {"cookie": cookie}))
        elif verdict.state is TokenState.INVALID and verdict.reason:
            found.append(("token.invalid", {"token": cookie, "reason": verdict.reason}))
    if evidence.mismatched:
        found.append(("token.pair_mismatch", {}))
    if evidence.standing is Standing.UNKNOWN:
        found.append(("refresh.unknown", {"outcome": outcome.value}))
    return found
