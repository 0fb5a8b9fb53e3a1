"""The door for `auth_request`: it judges and changes nothing, and the way through it leads to our own host only."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser, cookies_set
from tests.support.clock import SetClock
from tests.support.sql import query
from webapp.web.pages.forward_auth import destination


def test_the_check_changes_nothing(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """No cookie, no confirmation, no rotation, whatever the tokens say."""
    assert visitor.get("/auth/check").status_code == 401
    name = visitor.sign_up()
    before = query(app, "SELECT * FROM auth_sessions")
    answer = visitor.get("/auth/check")
    assert (answer.status_code, answer.headers["x-auth-user"], answer.headers["x-auth-role"]) == (204, name, "user")
    clock.advance(601)
    answer = visitor.get("/auth/check")
    assert (answer.status_code, cookies_set(answer)) == (401, cookies_set(answer))
    assert not cookies_set(answer)
    assert visitor.get("/auth/check", headers={"X-Original-Method": "POST"}).status_code == 204
    assert query(app, "SELECT * FROM auth_sessions") == before


def test_continue_refreshes_and_goes_back(visitor: Browser, clock: SetClock) -> None:
    """303 to `next` with new tokens; then the check is content."""
    visitor.sign_up()
    clock.advance(601)
    answer = visitor.get("/auth/continue?next=/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert cookies_set(answer)
    assert visitor.get("/auth/check").status_code == 204


def test_without_a_new_token_nobody_is_sent_in_circles(
    visitor: Browser, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses the refresh: 503, for the service would send the browser here again at once."""
    visitor.sign_up()
    clock.advance(601)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("webapp.web.authentication.refresh", broken)
    answer = visitor.get("/auth/continue?next=/account")
    assert answer.status_code == 503
    assert not cookies_set(answer)


@pytest.mark.parametrize(
    ("query_string", "leads_to"),
    [
        ("next=/notes/x?a=1&b=2", "/notes/x?a=1&b=2"),
        ("next=%2Fnotes%2Fx%3Fa%3D1%26b%3D2", "/notes/x?a=1&b=2"),
        ("next=/notes/%ED%95%9C", "/notes/%ED%95%9C"),
        ("", "/"),
        ("next=", "/"),
        ("next=//evil.example", "/"),
        ("next=%2F%2Fevil.example", "/"),
        ("next=https://evil.example", "/"),
        ("next=/\\evil.example", "/"),
        ("next=/auth/continue?next=/x", "/"),
    ],
)
def test_the_way_back_is_on_our_own_host(query_string: str, leads_to: str) -> None:
    """CWE-601, and no circle through this door."""
    assert destination(query_string) == leads_to
