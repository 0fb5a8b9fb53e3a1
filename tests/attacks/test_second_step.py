"""Codes of the authenticator app: each opens one session, and any other text is wrong, never an error."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.totp import code, set_up


@pytest.fixture
def secret(app: Flask, person: Browser, username: str, clock: SetClock) -> bytes:
    """The secret of the owner's authenticator app."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return set_up(person, clock())[0]


def half(app: Flask, username: str) -> Browser:
    """A stranger's browser with a pending login."""
    browser = Browser.of_app(app)
    assert browser.log_in(username).headers["location"] == "/login/second"
    return browser


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "123\0456", "-12345", "1e5", "9" * 4000, "12 34 5", "<b>1</b>"],
)
def test_what_is_no_code(app: Flask, secret: bytes, username: str, typed: str) -> None:
    """Wrong text of any kind gets 422 and no session, in either field."""
    stranger = half(app, username)
    assert stranger.submit("/login/second", otp=typed).status_code == 422
    assert stranger.submit("/login/second", recovery_code=typed).status_code == 422


def test_an_older_code_after_a_newer_one(app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
    """The step before is accepted, but not once a newer code was used; nor is the one two steps away."""
    assert half(app, username).submit("/login/second", otp=code(secret, clock(), 2)).status_code == 422
    assert half(app, username).submit("/login/second", otp=code(secret, clock(), 1)).status_code == 303
    clock.advance(60)
    assert half(app, username).submit("/login/second", otp=code(secret, clock(), -1)).status_code == 422
    assert half(app, username).submit("/login/second", otp=code(secret, clock())).status_code == 303


def test_nothing_secret_in_what_is_told(app: Flask, secret: bytes, person: Browser) -> None:
    """The export and the trail name the factor, never its secret."""
    form = person.read_form("/account/delete", "/account/export")
    told = person.post("/account/export", form.fields).text
    assert '"totp"' in told
    for word in ("sealed", "code_hash", "password_hash"):
        assert word not in told


def test_one_code_from_24_browsers(server: Server) -> None:
    """Four workers, both databases: one session for one code."""
    owner = server.browser()
    name = owner.sign_up()
    execute(server, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    secret, shown = set_up(owner, server.clock())
    assert shown.status_code == 200
    before = len(
        query(server, "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = user_id WHERE username = ?", name)
    )
    first = server.browser()
    first.log_in(name)
    form = first.read_form("/login/second")
    tabs = [first.another_tab() for _ in range(12)]
    others = []
    for _ in range(3):
        other = server.browser()
        other.log_in(name)
        others.append((other, other.read_form("/login/second").fields))
    crowd = [(tab, form.fields) for tab in tabs] + others * 4
    typed = {"otp": code(secret, server.clock())}
    answers = at_once(24, lambda n: crowd[n][0].post("/login/second", crowd[n][1] | typed).status_code)
    assert set(answers) <= {303, 422, 429, 503}
    after = len(
        query(server, "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = user_id WHERE username = ?", name)
    )
    assert after == before + 1
