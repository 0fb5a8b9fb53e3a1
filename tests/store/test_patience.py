"""How long the database may keep a request waiting, and what counts as away."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.support.sql import database_file, sqlite
from webapp.store import time_budget
from webapp.store.database import DatabaseUnavailable, db, read, transact


@pytest.fixture(autouse=True)
def _no_request_before() -> None:
    """Requests of earlier tests in this thread have left their account."""
    time_budget._spent.set(None)


def test_a_request_has_one_account_and_a_command_has_none(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions of one request together get PATIENCE; a command that makes many of them is not cut off."""
    seconds = iter(range(0, 1000, 3))
    monkeypatch.setattr(time_budget.time, "monotonic", lambda: float(next(seconds)))
    with app.app_context():
        for _ in range(5):
            transact(lambda tx: tx.execute(text("SELECT 1")))
        time_budget.reset_budget()
        try:
            transact(lambda tx: tx.execute(text("SELECT 1")))
            transact(lambda tx: tx.execute(text("SELECT 1")))
            with pytest.raises(DatabaseUnavailable, match="too long"):
                transact(lambda tx: tx.execute(text("SELECT 1")))
        finally:
            time_budget._spent.set(None)


def test_a_read_is_tried_once_more_on_a_new_connection(app: Flask) -> None:
    """A connection that died overnight costs nobody a 503; one that keeps dying does."""
    with app.app_context():
        calls = []

        def dies_once(_connection: object) -> str:
            calls.append(1)
            if len(calls) == 1:
                raise OperationalError("SELECT 1", {}, Exception(), connection_invalidated=True)
            return "answer"

        assert read(dies_once) == "answer"

        def keeps_dying(_connection: object) -> str:
            raise OperationalError("SELECT 1", {}, Exception(), connection_invalidated=True)

        with pytest.raises(DatabaseUnavailable):
            read(keeps_dying)


def test_a_damaged_file_is_unavailable_and_a_mistake_is_a_mistake(app: Flask) -> None:
    """A damaged file is DatabaseUnavailable, and a broken constraint stays an IntegrityError."""
    with app.app_context():
        db.engine.dispose()
        path = database_file(app)
        with sqlite(path) as lite:
            lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = path.read_bytes()
        path.write_bytes(b"no database at all, " * 400)
        for way in (read, transact):
            with pytest.raises(DatabaseUnavailable):
                way(lambda tx: tx.execute(text("SELECT * FROM users")).all())
        db.engine.dispose()
        path.write_bytes(whole)
        with pytest.raises(IntegrityError):
            transact(lambda tx: tx.execute(text("INSERT INTO users (id) VALUES (NULL)")))
