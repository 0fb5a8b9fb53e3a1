"""How many sessions live: a figure for the metrics, never worth waiting for."""

from __future__ import annotations

import logging
import time
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select, text

from webapp.store.database import DatabaseUnavailable, read
from webapp.store.models import AuthSession

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds the count may take. A million sessions take a tenth of that."""
STEPS = 10_000
"""SQLite instructions between two looks at the clock."""

_sessions = cast(Table, AuthSession.__table__)


def count_live(now: int) -> int | None:
    """Sessions neither ended nor past their lifetime, or None if the database does not say within PATIENCE.

    A person who was disabled still counts here, and on the very next request no longer gets in: this is a trend, not
    a decision.
    """
    statement = (
        select(func.count())
        .select_from(_sessions)
        .where(_sessions.c.revoked_at.is_(None), _sessions.c.expires_at > now)
    )

    def work(connection: Connection) -> int:
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            end = time.monotonic() + PATIENCE
            driver.set_progress_handler(lambda: int(time.monotonic() > end), STEPS)
            try:
                return connection.execute(statement).scalar_one()
            finally:
                driver.set_progress_handler(None, STEPS)
        connection.execute(text(f"SET LOCAL statement_timeout = {int(PATIENCE * 1000)}"))
        return connection.execute(statement).scalar_one()

    try:
        return read(work)
    except DatabaseUnavailable:
        log.warning("live sessions not counted: the database is busy or away")
        return None
