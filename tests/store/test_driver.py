"""The connections of the one SELECT: one a thread, and none that outlives it."""

from __future__ import annotations

import threading

from flask import Flask

from tests.support.browser import Browser
from webapp.store import auth_sessions, thread_connection


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
