"""The connections of the one SELECT: one a thread, and none that outlives it."""

from __future__ import annotations

import sqlite3
import threading

import psycopg
import pytest
from flask import Flask

from tests.support.browser import Browser
from webapp.store import auth_sessions, thread_connection
from webapp.store.database import db
from webapp.store.driver import look
from webapp.store.thread_connection import ThreadConnection


def test_a_thread_that_ends_takes_its_connection_along(app: Flask, visitor: Browser) -> None:
    """`flask run` serves each request in a new thread, so a hundred requests must not hold a hundred connections."""
    before = thread_connection.open_connections()

    def one_request() -> None:
        with app.app_context():
            assert auth_sessions.load("no such session") is None

    for _ in range(100):
        thread = threading.Thread(target=one_request)
        thread.start()
        thread.join()
    assert thread_connection.open_connections() <= before + 1


class Abort(BaseException):
    """What a signal raises, wherever the program stands."""


@pytest.mark.parametrize("abort", [Abort, KeyboardInterrupt, SystemExit, MemoryError])
def test_nobody_asks_on_a_connection_whose_statement_was_broken_off(either: Flask, abort: type[BaseException]) -> None:
    """Its answer may still be on the way, and would be taken for that of the next statement."""

    def break_off(own: ThreadConnection) -> None:
        raise abort

    assert auth_sessions.load("no such session") is None
    before = thread_connection.of_this_thread()
    with pytest.raises(abort):
        look(break_off)
    assert thread_connection.of_this_thread() is not before
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError)):
        before.driver.execute("SELECT 1")


def test_a_child_process_does_not_end_its_parents_connection(either: Flask) -> None:
    """A fork that disposes of the engine it inherited would tell the server goodbye in its parent's name."""
    own = thread_connection.of_this_thread()
    own.process += 1  # as it looks in a child
    db.engine.dispose()
    assert own.driver.execute("SELECT 1").fetchall() == [(1,)]
    own.driver.close()
