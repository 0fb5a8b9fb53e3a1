"""The order in which unsafe requests are judged, and what a refused form keeps."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, FormReader
from tests.support.clock import SetClock

CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def test_cross_site_is_refused_even_with_a_good_token(person: Browser) -> None:
    """A cross-site form is a 403, even with the user's own form token."""
    form = person.read_form("/account")
    for headers in (CROSS, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = person.post("/account", form.fields | {"name": "Evil"}, headers=headers)
        assert answer.status_code == 403
    assert "Evil" not in person.get("/account").text


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_a_foreign_origin_is_refused_whatever_sec_fetch_site_says(person: Browser, site: str | None) -> None:
    """Either of the two headers may refuse, because a proxy or an extension that loses one must not open the door."""
    form = person.read_form("/account")
    if site is None:
        del person.http.headers["Sec-Fetch-Site"]
    site_header = {"Sec-Fetch-Site": site} if site else {}
    for origin, status in (
        ("https://evil.example", 403),
        ("http://127.0.0.1:8001", 403),
        ("http://127.0.0.1:8000", 303),
        ("null", 303 if site == "same-origin" else 403),
    ):
        answer = person.post("/account", form.fields | {"name": "A"}, headers={"Origin": origin, **site_header})
        assert answer.status_code == status, origin


def test_cross_site_comes_before_log_in(app: Flask) -> None:
    """A cross-site request is a 403 before a stranger is sent to the login page."""
    stranger = Browser.of_app(app)
    assert stranger.post("/account", {}, headers=CROSS).status_code == 403
    assert stranger.post("/account", {}).status_code == 303


def test_log_in_comes_before_the_csrf_token(app: Flask, person: Browser) -> None:
    """A stranger is sent to the login page before the form token is read."""
    stranger = Browser.of_app(app)
    assert stranger.post("/account", {"csrf_token": "x"}).headers["location"] == "/login"
    assert person.post("/account", {"csrf_token": "x"}).status_code == 403
    assert person.post("/account", {}).status_code == 403


@pytest.mark.parametrize("path", ["/login", "/signup", "/logout", "/preferences"])
def test_public_forms_are_protected_too(app: Flask, path: str) -> None:
    """The open forms refuse cross-site requests and missing form tokens."""
    stranger = Browser.of_app(app)
    assert stranger.post(path, {}, headers=CROSS).status_code == 403
    assert stranger.post(path, {"username": "x", "password": "y", "theme": "dark"}).status_code == 403


def test_anothers_csrf_token_is_not_mine(app: Flask, person: Browser) -> None:
    """A form token of another browser is refused."""
    attacker = Browser.of_app(app)
    token = attacker.read_form("/login").fields["csrf_token"]
    assert person.post("/account", {"csrf_token": token, "name": "Evil"}).status_code == 403


def test_old_browsers_are_judged_by_origin(app: Flask, person: Browser) -> None:
    """Without Sec-Fetch-Site the Origin decides, and no Origin is let through to the form token."""
    form = person.read_form("/account")
    del person.http.headers["Sec-Fetch-Site"]
    for origin, status in (
        ("https://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1:8001", 403),
        ("http://127.0.0.1:8000", 303),
        (None, 303),
    ):
        headers = {"Origin": origin} if origin else {}
        assert person.post("/account", form.fields | {"name": "A"}, headers=headers).status_code == status, origin


def test_a_refused_form_keeps_what_was_typed_but_never_the_password(app: Flask) -> None:
    """A refused form can be sent again with all it had but the passwords."""
    stranger = Browser.of_app(app)
    fields = {
        "csrf_token": "old",
        "username": "ada <b>",
        "email": "ada@example.com",
        "name": 'Ada "& Co',
        "password": PASSWORD,
        "new_password": PASSWORD + "2",
    }
    answer = stranger.post("/signup", fields)
    assert answer.status_code == 403
    assert PASSWORD not in answer.text
    form = next(form for form in FormReader(answer.text).forms if "username" in form.fields)
    assert form.action.partition("?")[0] == "/signup"
    assert form.fields["username"] == "ada <b>"
    assert form.fields["name"] == 'Ada "& Co'
    assert form.fields["csrf_token"] != "old"
    assert not form.fields.get("password")
    sent = stranger.post("/signup", form.fields | {"username": "ada", "password": PASSWORD})
    assert sent.status_code == 303, "the page offers to send again, and it works"


def test_a_strangers_values_are_not_one_click_away(app: Flask) -> None:
    """Without the browser's word that the form was ours, none of its fields is offered again."""
    stranger = Browser.of_app(app)
    del stranger.http.headers["Sec-Fetch-Site"]
    answer = stranger.post("/signup", {"username": "planted", "csrf_token": "x"})
    assert answer.status_code == 403
    assert "planted" not in answer.text


def test_a_form_opened_before_the_access_token_expired_still_posts(person: Browser, clock: SetClock) -> None:
    """A form that was open for three days is still accepted."""
    form = person.read_form("/account")
    clock.advance(3 * 24 * 3600)
    assert person.post("/account", form.fields | {"name": "Late"}).status_code == 303
    assert "Late" in person.get("/account").text


@pytest.mark.parametrize("path", ["/account", "/login", "/signup", "/test/echo"])
def test_64_kb_and_no_more(person: Browser, path: str) -> None:
    """A body above 64 kB is a 413 and ends no session."""
    fields = person.read_form("/account").fields
    answer = person.post(path, fields | {"name": "x" * 70_000})
    assert answer.status_code == 413
    assert "Traceback" not in answer.text
    assert person.get("/test/me").status_code == 200


def test_just_below_64_kb_is_served(person: Browser) -> None:
    """A body of 60 kB is served whole."""
    fields = person.read_form("/account").fields
    answer = person.post("/test/echo", fields | {"text": "x" * 60_000})
    assert answer.status_code == 200
    assert len(answer.json()["text"]) == 60_000


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/logout", "POST"), ("DELETE", "/account", "GET"), ("PUT", "/login", "GET"), ("POST", "/healthz", "GET")],
)
def test_405_says_what_is_allowed(person: Browser, method: str, path: str, allow: str) -> None:
    """A wrong method is a 405 with Allow and ends no session."""
    answer = person.http.request(method, path)
    assert answer.status_code == 405
    assert allow in answer.headers["allow"]
    assert person.get("/test/me").status_code == 200


def test_errors_are_json_for_those_who_ask(app: Flask) -> None:
    """A client that accepts JSON gets its errors in JSON."""
    client = app.test_client()
    for path, method, status, code in (
        ("/nothing", "get", 404, "not_found"),
        ("/logout", "get", 405, "method_not_allowed"),
    ):
        answer = getattr(client, method)(path, headers={"Accept": "application/json"})
        assert answer.status_code == status
        assert answer.json is not None
        assert answer.json["error"] == code
        assert answer.json["error_description"]
