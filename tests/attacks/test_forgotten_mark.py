"""A user with a stale session tries every door: exactly those that matter ask for a proof."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.routes import address
from tests.support.sql import execute
from tests.support.totp import set_up

SENSITIVE = {
    "GET /account/delete",
    "POST /account/delete",
    "POST /account/export",
    "POST /account/email",
    "GET /account/factors/totp",
    "POST /account/factors/totp",
    "POST /account/factors/totp/remove",
    "POST /account/factors/codes",
    "GET /account/factors/passkeys/new",
    "POST /account/factors/passkeys/new",
    "POST /account/factors/passkeys/x/remove",
    "GET /account/password",
    "POST /account/password",
    "POST /account/sessions/x/revoke",
    "POST /account/sessions/revoke-others",
    "POST /admin/people/x/disable",
    "POST /admin/people/x/enable",
    "POST /admin/people/x/reset-factors",
    "POST /admin/people/x/role",
    "POST /admin/people/x/send-reset",
    "POST /admin/people/x/sessions/revoke-all",
    "POST /admin/people/x/sessions/x/revoke",
    "DELETE /api/v1/sessions/x",
}
"""What matters, with `x` for any name. A new act that matters is added here on purpose."""

LEAVING = frozenset({"accounts.log_out", "api.logout", "guest.enter"})


@pytest.fixture
def admin(app: Flask, person: Browser, username: str, clock: SetClock) -> Browser:
    """An administrator with a second factor, who proved it long ago."""
    execute(app, "UPDATE users SET email_verified_at = 1, role = 'admin' WHERE username = ?", username)
    set_up(person, clock())
    clock.advance(601)
    assert person.get("/account").status_code == 200
    return person


def test_exactly_what_matters_asks(app: Flask, admin: Browser, clock: SetClock) -> None:
    """Every route, by each method, with a stale session: 303 to the proof for those of the table, and for no other."""
    token = admin.read_form("/account", "/logout").fields["csrf_token"]
    asked = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/api/", "/test/", "/static")) or rule.endpoint in LEAVING:
            continue
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            path = address(rule)
            answer = admin.http.request(method, path, data={"csrf_token": token} if method != "GET" else None)
            if answer.headers.get("location", "").startswith("/step-up?next="):
                assert answer.status_code == 303
                asked.add(f"{method} {path}")
                if method == "GET":
                    assert admin.http.head(path).headers["location"] == answer.headers["location"]
            assert admin.get("/test/me").status_code == 200, f"{method} {path} ends the session"
    assert asked == {line for line in SENSITIVE if "/api/" not in line}


def test_exactly_what_matters_asks_at_the_api(app: Flask, username: str, person: Browser, clock: SetClock) -> None:
    """The same over the Bearer API: 401 with RFC 9470's error."""
    client = ApiClient.of_app(app)
    client.log_in(username)
    clock.advance(601)
    client.do_refresh()
    asked = set()
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.endpoint in LEAVING:
            continue
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            answer = client.http.request(method, address(rule), headers=client.header())
            if "insufficient_user_authentication" in answer.headers.get("www-authenticate", ""):
                assert answer.status_code == 401
                asked.add(f"{method} {address(rule)}")
    assert asked == {line for line in SENSITIVE if "/api/" in line}


def test_ones_own_session_is_ended_without_a_proof(admin: Browser) -> None:
    """Leaving never asks: neither by the sessions page nor by logging out."""
    token = admin.read_form("/account", "/logout").fields
    answer = admin.post(f"/account/sessions/{admin.sid}/revoke", token)
    assert answer.headers["location"] == "/login?notice=logout"


def test_a_user_who_may_not_is_not_asked(person: Browser, clock: SetClock) -> None:
    """A user without the role gets 403 for what administrators do, stale or not."""
    clock.advance(601)
    token = person.read_form("/account", "/logout").fields
    assert person.post("/admin/people/x/disable", token).status_code == 403
