"""`sessions revoke-all` after a restore: everybody is out before anybody is served, however many there are."""

from __future__ import annotations

import json

from flask import Flask
from sqlalchemy import event

from tests.support.browser import Browser
from tests.support.sql import query
from webapp.store.database import db


def end_everyones(app: Flask) -> int:
    """Run the command; how many statements it took."""
    statements = []
    with app.app_context():
        engine = db.engine
    note = lambda *arguments: statements.append(arguments[2])  # noqa: E731 - SQLAlchemy wants the same object twice
    event.listen(engine, "before_cursor_execute", note)
    try:
        done = app.test_cli_runner().invoke(args=["sessions", "revoke-all", "--yes"])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert done.exit_code == 0, done.output
    return len(statements)


def test_it_takes_as_many_statements_for_many_as_for_one(app: Flask) -> None:
    """One event tells of it; each browser is out at its next request, and can log in again."""
    first = Browser.of_app(app)
    first.sign_up("ada")
    for_one = end_everyones(app)
    others = [Browser.of_app(app) for _ in range(4)]
    for number, browser in enumerate(others):
        browser.sign_up(f"person{number}")
    assert first.log_in("ada").status_code == 303
    assert end_everyones(app) == for_one
    for browser in (first, *others):
        assert browser.get("/account").headers["location"].startswith("/login")
    rows = query(app, "SELECT detail FROM security_events WHERE event = 'session.revoked'")
    told = [json.loads(row["detail"]) for row in rows]
    assert [detail["sessions"] for detail in told if detail.get("everyone")] == [1, 5]
    assert len(told) <= 3  # the login's own, in a browser whose session had ended
    assert first.log_in("ada").status_code == 303
    assert first.get("/account").status_code == 200
