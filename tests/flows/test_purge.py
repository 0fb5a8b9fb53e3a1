"""Deleting old sessions."""

from __future__ import annotations

from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.sql import execute, query
from webapp.flows import purge as flow
from webapp.store import session_list

DAY = 86400


def test_only_what_ended_long_ago_goes_in_batches(app: Flask, clock: SetClock) -> None:
    """Logged out or run out more than 30 days ago: gone. Living, or ended lately: kept, with its reason."""
    logged_out, ran_out = Browser.of_app(app), Browser.of_app(app)
    for _ in range(5):
        name = logged_out.sign_up()
        logged_out.log_out()
    ran_out.sign_up()
    clock.advance(31 * DAY)
    kept = Browser.of_app(app)
    kept.log_in(name)
    kept.log_out()
    kept.log_in(name)
    with app.app_context():
        assert flow.purge(clock(), batch=2).sessions == 5
        assert flow.purge(clock(), batch=2).sessions == 0
    clock.advance(29 * DAY - 1)
    with app.app_context():
        assert flow.purge(clock()).sessions == 0
    clock.advance(2 * DAY)
    with app.app_context():
        # The session that ran out (30 days after its start), and the one that was logged out.
        assert flow.purge(clock()).sessions == 2
        assert session_list.estimate_live(clock() - 10 * DAY) == 1


def test_answered_challenges_go_when_they_are_over(app: Flask, clock: SetClock) -> None:
    """Not before, because one that is still good could be answered again."""
    for nonce, expires_at in (("old", clock()), ("good", clock() + 1)):
        execute(app, "INSERT INTO spent (nonce, expires_at) VALUES (?, ?)", nonce, expires_at)
    with app.app_context():
        assert flow.purge(clock(), batch=1).challenges == 1
    assert query(app, "SELECT nonce FROM spent") == [{"nonce": "good"}]
