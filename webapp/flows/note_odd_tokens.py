"""Record malformed or unexpected tokens in the audit trail, at a limited rate."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from webapp.core.decision import TokenState
from webapp.core.events import Event
from webapp.core.judgement import Judgement
from webapp.core.standing import Standing
from webapp.flows.client import Client
from webapp.store import events
from webapp.store.database import DatabaseUnavailable, transact

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds. No request waits longer for the trail."""

PER_MINUTE = 120
"""Events a worker writes about unauthenticated oddities in a minute; beyond that they only reach the log."""

_written = {"minute": 0, "count": 0}


def is_odd(judgement: Judgement, duplicates: Collection[str] = ()) -> bool:
    """Whether there is anything to record: asked on every request, so that honest ones cost nothing more."""
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
    found = _oddities(judgement, duplicates)
    if not _may_write(now, len(found)):
        log.warning("odd tokens, not written to the trail: %s", ", ".join(event for event, _ in found))
        return
    claims = judgement.claims
    whose = {"user_id": claims.sub, "sid": claims.sid} if claims else {}

    def work(tx: Connection) -> None:
        for event, detail in found:
            events.record(tx, event, at=now, ip_address=client.ip_address, **whose, **detail)

    try:
        transact(work, patience=PATIENCE)
    except DatabaseUnavailable:
        log.warning("odd tokens, the trail is busy: %s", ", ".join(event for event, _ in found))


def _may_write(now: int, count: int) -> bool:
    minute = now // 60
    if _written["minute"] != minute:
        _written.update(minute=minute, count=0)
    _written["count"] += count
    return _written["count"] <= PER_MINUTE


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
