"""An intruder reads the owner's mail: the mailbox alone must not open an account with a second step."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox, link
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, set_up

NEW = "another fine sentence"


@pytest.fixture
def owner(app: Flask, person: Browser, username: str, clock: SetClock) -> tuple[bytes, list[str]]:
    """The secret and the recovery codes of a person with an authenticator app."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    secret, shown = set_up(person, clock())
    return secret, codes_of(shown.text)


def reset(app: Flask, username: str) -> Browser:
    """The browser of the intruder who has the mail, after the new password was taken."""
    thief = Browser.of_app(app)
    thief.submit("/reset", login=username)
    thief.get(link(Outbox(app).newest(f"{username}@example.com")).partition(":8000")[2])
    done = thief.submit("/reset/new", new_password=NEW)
    assert (done.status_code, done.headers["location"]) == (303, "/login?notice=reset")
    return thief


def test_no_session_and_the_factor_is_demanded(
    app: Flask, owner: tuple[bytes, list[str]], username: str, clock: SetClock
) -> None:
    """The new password leads to the second step; app and codes are as they were, and still work."""
    rows = [query(app, f"SELECT * FROM {table}") for table in ("totp_factors", "recovery_codes")]
    thief = reset(app, username)
    assert not thief.access
    assert not thief.refresh
    ended = query(app, "SELECT revoked_reason FROM auth_sessions ORDER BY created_at, id")
    assert {row["revoked_reason"] for row in ended} == {"password"}
    assert [query(app, f"SELECT * FROM {table}") for table in ("totp_factors", "recovery_codes")] == rows
    assert thief.log_in(username, NEW).headers["location"] == "/login/second"
    assert thief.get("/account").status_code == 303
    secret, codes = owner
    assert thief.submit("/login/second", otp="000000").status_code == 422
    again = Browser.of_app(app)
    again.log_in(username, NEW)
    assert again.submit("/login/second", otp=code(secret, clock())).status_code == 303
    by_code = Browser.of_app(app)
    by_code.log_in(username, NEW)
    assert by_code.submit("/login/second", recovery_code=codes[0]).status_code == 303


def test_a_login_of_before_the_reset(
    app: Flask, owner: tuple[bytes, list[str]], username: str, clock: SetClock
) -> None:
    """A pending login with the old password is over, although its code is right."""
    half = Browser.of_app(app)
    half.log_in(username, PASSWORD)
    fields = half.read_form("/login/second").fields
    reset(app, username)
    done = half.post("/login/second", fields | {"otp": code(owner[0], clock())})
    assert done.headers["location"].startswith("/login?notice=slow")
    assert not half.access
