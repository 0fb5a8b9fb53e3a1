"""A walk over every route as a stranger: closed, unless its view says otherwise."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Rule

from tests.support.browser import NAVIGATION
from tests.support.routes import address

OPEN = {
    "accounts.create",
    "accounts.log_in",
    "accounts.log_out",
    "accounts.sign_up",
    "forward_auth.check",
    "guest.enter",
    "home.index",
    "inspector.show",
    "inspector.work",
    "lab.state",
    "learn.quiz",
    "learn.show",
    "learn.words",
    "login_address.correct",
    "login_address.prove",
    "login_address.send",
    "login_address.show",
    "login_enrol.prove",
    "login_enrol.show",
    "login_factor.prove",
    "login_factor.prove_passkey",
    "login_factor.show",
    "login_passkey.prove",
    "operations.change_password",
    "operations.healthz",
    "operations.jwks",
    "operations.metrics_text",
    "operations.readyz",
    "outbox.show",
    "preferences.save",
    "reset.ask",
    "reset.show",
    "reset_link.choose",
    "reset_link.open_link",
    "reset_link.save",
    "static",
}
"""Endpoints that a stranger may use. A new one is closed until it is added here on purpose."""

LEAD_TO_LOGIN = ("accounts.log_out", "login_address.", "login_factor.", "login_enrol.")


def is_known_open(rule: Rule) -> bool:
    return rule.endpoint in OPEN or rule.endpoint in ("open_page", "pid", "counter", "address")


def test_every_other_route_asks_to_log_in(app: Flask) -> None:
    """Each route outside the list of open ones sends a stranger to the login page, by every method."""
    client = app.test_client(use_cookies=False)
    walked = 0
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            continue
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            answer = client.open(address(rule), method=method, headers=NAVIGATION)
            to_log_in = answer.status_code == 303 and answer.location.partition("?")[0] == "/login"
            if is_known_open(rule):
                # A step of a login that nobody has begun leads to its beginning.
                leads_there = rule.endpoint.startswith(LEAD_TO_LOGIN)
                assert leads_there or not to_log_in, f"{method} {rule} is closed"
            else:
                assert to_log_in, f"{method} {rule} answers a stranger with {answer.status_code}"
                walked += 1
    assert walked >= 5


def test_the_list_of_open_routes_names_routes_that_exist(app: Flask) -> None:
    """The list of open routes has no name that is gone."""
    assert set(app.view_functions) >= OPEN


def test_a_view_that_says_nothing_is_closed(app: Flask) -> None:
    """A page that is added without a thought is closed."""
    assert app.test_client().get("/test/me", headers=NAVIGATION).status_code == 303
    assert app.test_client().get("/test/me", headers={"Accept": "application/json"}).status_code == 401


def test_a_page_that_does_not_exist_is_a_404(app: Flask) -> None:
    """A stranger gets a 404 for an unknown path, not the login page."""
    assert app.test_client().get("/nothing", headers=NAVIGATION).status_code == 404
