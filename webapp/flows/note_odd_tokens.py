"""Keep what strangers do with strange tokens: in the trail, but never so much that it fills the disk."""

from __future__ import annotations

import logging
from collections.abc import Collection

from sqlalchemy import Connection

from webapp.core.decision import Outcome, TokenState
from webapp.core.standing import Standing
from webapp.flows.client import Client
from webapp.flows.judge import CONFIRM_PATIENCE, Evidence
from webapp.store import events
from webapp.store.database import DatabaseUnavailable, transact

log = logging.getLogger(__name__)

PER_MINUTE = 120
"""Events a worker writes about unauthenticated oddities in a minute; beyond that they only reach the log."""

_written = {"minute": 0, "count": 0}


def note_odd_tokens(
    evidence: Evidence, outcome: Outcome, duplicates: Collection[str], client: Client, now: int
) -> None:
    """Write an event for each odd thing about a request's tokens. Never raises.

    `duplicates` are the token cookies whose name came more than once.
    """
    found = _oddities(evidence, outcome, duplicates)
    if not found:
        return
    if not _may_write(now, len(found)):
        log.warning("odd tokens, not written to the trail: %s", ", ".join(event for event, _ in found))
        return
    claims = evidence.authentic
    whose = {"user_id": claims.sub, "sid": claims.sid} if claims else {}

    def work(tx: Connection) -> None:
        for event, detail in found:
            events.record(tx, event, at=now, ip_address=client.ip_address, **whose, **detail)

    try:
        transact(work, patience=CONFIRM_PATIENCE)
    except DatabaseUnavailable:
        log.warning("odd tokens, the trail is busy: %s", ", ".join(event for event, _ in found))


def _may_write(now: int, count: int) -> bool:
    minute = now // 60
    if _written["minute"] != minute:
        _written.update(minute=minute, count=0)
    _written["count"] += count
    return _written["count"] <= PER_MINUTE


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
