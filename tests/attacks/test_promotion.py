"""A user in a session that a password alone has opened becomes an administrator, where those need a second step."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.sql import execute, query
from tests.support.totp import code, set_up


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_MFA_REQUIRED": "admin"}


def promote(app: Flask, username: str) -> None:
    assert app.test_cli_runner().invoke(args=["users", "set-role", username, "admin"]).exit_code == 0


def test_the_session_is_not_live_at_the_next_request(app: Flask, person: Browser, username: str) -> None:
    """Neither its pages nor its API session, nor a refresh; no page of administration was ever shown."""
    api = ApiClient.of_app(app)
    api.log_in(username)
    assert person.get("/account").status_code == 200
    promote(app, username)
    for path in ("/admin", "/account", "/account/factors"):
        assert "notice=mfa" in person.get(path).headers["location"], path
    assert api.get("/me").status_code == 401
    assert api.ask_refresh().status_code == 401
    assert api.log_in(username).status_code == 401
    assert person.log_in(username).headers["location"] == "/login/address"


def test_a_session_that_proved_both_goes_on(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """Only what is missing is asked for. A session with a second step becomes an administrator's at once."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    secret, _shown = set_up(person, clock())
    api = ApiClient.of_app(app)
    body = {"username": username, "password": PASSWORD, "otp": code(secret, clock())}
    api.take(api.http.post("/api/v1/login", json=body))
    promote(app, username)
    assert person.get("/admin").status_code == 200
    assert api.get("/me").json()["role"] == "admin"


def test_reset_factors_of_an_administrator(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """Without a factor again, an administrator is nobody until the mailed code and a new app were proved."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    set_up(person, clock())
    promote(app, username)
    assert app.test_cli_runner().invoke(args=["users", "reset-factors", username]).exit_code == 0
    assert person.get("/admin").status_code == 303
    assert person.log_in(username).headers["location"] == "/login/address"
    assert query(app, "SELECT id FROM auth_sessions WHERE revoked_at IS NULL") == []
