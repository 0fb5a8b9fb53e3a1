"""Note that a client has the current generation, the first time it shows it."""

from __future__ import annotations

import logging

from webapp.core.judgement import Judgement
from webapp.store import auth_sessions
from webapp.store.database import DatabaseUnavailable
from webapp.store.driver import run_in_autocommit

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds. The next request makes up for a confirmation that fails, so it must not hold this one."""


def confirm(judgement: Judgement, now: int) -> None:
    """Confirm the current generation at `now` (Unix seconds) if this request is the first to show it. Never raises."""
    row = judgement.row
    if row is None or not judgement.confirms:
        return
    try:
        run_in_autocommit(lambda tx: auth_sessions.confirm(tx, row, now), patience=PATIENCE)
    except DatabaseUnavailable:
        log.warning("confirmation skipped, the database is busy")
