"""Remember what a request was, for the lab. Best effort: no page waits for it, and none breaks over it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from webapp.core.session import SessionRow
from webapp.store import lab_requests, lab_sessions
from webapp.store.database import DatabaseUnavailable, transact
from webapp.store.driver import look
from webapp.store.lab_requests import Record

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds a record may wait for the database."""


def watch(row: SessionRow, now: int) -> None:
    """Begin to keep this session's requests, after those of its browser's sessions that are over. Never raises."""

    def work(tx: Connection) -> None:
        lab_sessions.watch(tx, row.sid, now)
        lab_requests.adopt(tx, row, now)

    if row.watched_from is None:
        _try(work)


def keep(sid: str, user_id: str, record: Record) -> None:
    """Keep one request under session `sid`. Never raises."""
    _try(lambda tx: lab_requests.add(tx, sid, user_id, record))


def recall(sid: str, user_id: str, *, besides: str) -> tuple[list[Record], set[tuple[str, str]]]:
    """A session's requests, newest first, without those to path `besides`, and the cells its user has collected.

    Raises DatabaseUnavailable.
    """
    return look(lambda tx: (lab_requests.of_session(tx, sid, besides=besides), lab_requests.cells_of(tx, user_id)))


def forget(user_id: str) -> None:
    """Forget all requests and collected cells of a user. Raises DatabaseUnavailable."""
    transact(lambda tx: lab_requests.forget(tx, user_id))


def _try(work: Callable[[Connection], object]) -> None:
    try:
        transact(work, patience=PATIENCE)
    except DatabaseUnavailable:
        log.info("the lab's memory is busy, nothing kept")
    except IntegrityError:
        # This very request has deleted the account, or a purge has. Its session is gone, and that is no fault.
        log.info("the session is gone, nothing kept")
