"""An intruder knows only the password of a user whose role needs a factor and who has none yet."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox
from tests.support.mailbox import code as mailed
from tests.support.sql import execute, query
from tests.support.totp import code, secret_of


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_MFA_REQUIRED": "admin"}


@pytest.fixture
def thief(app: Flask, person: Browser, username: str) -> Browser:
    """Has the password right, at the account of an administrator whose address is confirmed."""
    execute(app, "UPDATE users SET email_verified_at = 1, role = 'admin' WHERE username = ?", username)
    browser = Browser.of_app(app)
    assert browser.log_in(username).headers["location"] == "/login/address"
    return browser


def test_the_mail_comes_first(app: Flask, thief: Browser, username: str) -> None:
    """The set-up is not shown and not taken before the mailed code, though the address was confirmed long ago."""
    fields = thief.read_form("/login/address").fields
    assert thief.get("/login/enrol").headers["location"] == "/login/address"
    assert thief.get("/login/second").headers["location"] == "/login/address"
    for sealed in ("", "x", "kid.AAAA"):
        forced = thief.post("/login/enrol", fields | {"sealed": sealed, "otp": "123456"})
        assert forced.headers["location"] == "/login/address"
    for guess in ("00000000", "1", "", "9" * 500):
        assert thief.post("/login/address", fields | {"code": guess}).status_code == 422
    assert query(app, "SELECT * FROM totp_factors") == []
    assert not thief.access


def test_a_set_up_of_ones_own(app: Flask, thief: Browser, username: str, clock: SetClock) -> None:
    """A secret that the page showed to another account does not open for this one."""
    mine = Browser.of_app(app)
    name = mine.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    page = mine.get("/account/factors/totp")
    sealed = mine.read_form("/account/factors/totp").fields["sealed"]
    secret = secret_of(page.text)
    # Even the one who has the mail is shown a new secret, and this one is not taken.
    thief.submit("/login/address", code=mailed(Outbox(app).newest(f"{username}@example.com")))
    done = thief.submit("/login/enrol", sealed=sealed, otp=code(secret, clock()))
    assert done.status_code == 422
    assert query(app, "SELECT * FROM totp_factors") == []


def test_the_codes_tries_are_counted(app: Flask, thief: Browser, username: str) -> None:
    """After five guesses the mailed code is dead, right or not."""
    right = mailed(Outbox(app).newest(f"{username}@example.com"))
    for _ in range(5):
        assert thief.submit("/login/address", code="00000000").status_code == 422
    assert thief.submit("/login/address", code=right).status_code == 422
    assert not thief.access
