"""An intruder is in already when the owner sets up the first factor. From then on they are out, wherever they were."""

from __future__ import annotations

from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.sql import execute, query
from tests.support.totp import code, set_up


def test_three_sessions_and_one_of_the_api(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """The others are dead on pages, in the API and at its refresh; this one lives, rotates, and is known again."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    others = [Browser.of_app(app) for _ in range(2)]
    for other in others:
        other.log_in(username)
    api = ApiClient.of_app(app)
    assert api.log_in(username).status_code == 200
    secret, shown = set_up(person, clock())
    assert shown.status_code == 200
    for other in others:
        assert "notice=factors" in other.get("/account").headers["location"]
    assert api.get("/me").status_code == 401
    refused = api.ask_refresh()
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")
    reasons = query(app, "SELECT revoked_reason FROM auth_sessions WHERE revoked_at IS NOT NULL")
    assert [row["revoked_reason"] for row in reasons] == ["factors"] * 3
    clock.advance(601)
    before = person.refresh
    assert person.get("/account").status_code == 200
    assert person.refresh != before
    assert person.get("/account").status_code == 200
    missing = api.log_in(username, PASSWORD)
    assert (missing.status_code, missing.json()["error"]) == (401, "mfa_required")
    body = {"username": username, "password": PASSWORD, "otp": code(secret, clock())}
    assert api.http.post("/api/v1/login", json=body).status_code == 200


def test_a_login_under_way_is_over(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """A form of a password change that waits in another tab changes nothing any more."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    thief = Browser.of_app(app)
    thief.log_in(username)
    form = thief.read_form("/account/password")
    set_up(person, clock())
    typed = {"current_password": PASSWORD, "new_password": "a sentence of the thief"}
    assert thief.post("/account/password", form.fields | typed).status_code in (303, 401)
    assert Browser.of_app(app).log_in(username).headers["location"] == "/login/second"
