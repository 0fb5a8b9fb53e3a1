"""Forged tokens at the front door: a page for strangers or the way to the login, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.browser import NAVIGATION, Browser
from tests.support.clock import SetClock
from tests.support.forge import Forger
from tests.support.forgeries import forgeries
from webapp.services import services_of


@pytest.fixture
def honest(visitor: Browser) -> Browser:
    visitor.sign_up()
    return visitor


@pytest.fixture
def forge(app: Flask, honest: Browser) -> Forger:
    """With this very application's keys, so that each forgery fails for its own reason."""
    assert honest.access
    assert honest.refresh
    tokens = services_of(app).tokens
    return Forger(tokens.ring, tokens.issuer, honest.access, honest.refresh)


def as_cookies(forge: Forger, purpose: str, now: int) -> Iterator[tuple[str, str]]:
    """Forgeries as a server reads them from a header, without those that a header's own rules would cut off again."""
    for name, text in forgeries(forge, purpose, now).items():
        value = text.encode("utf-8", "surrogatepass").decode("latin-1")
        if ";" not in value and value == value.strip(" \t"):
            yield name, value


def issued(header_lines: list[str]) -> list[str]:
    """Token cookies that were given a value."""
    return [line for line in header_lines if "_token=" in line and not line.split("_token=")[1].startswith(";")]


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_a_forged_token_alone_is_a_stranger(
    app: Flask, honest: Browser, forge: Forger, clock: SetClock, purpose: str
) -> None:
    """Each of over 200 forgeries is treated as no token, and the real session stays alive."""
    client = app.test_client(use_cookies=False)
    wrong = []
    count = 0
    for name, value in as_cookies(forge, purpose, clock()):
        count += 1
        if len(value) > 20_000:
            value = value[:20_000]
        environ = {"HTTP_COOKIE": f"{purpose}_token={value}"}
        closed = client.get("/test/me", headers=NAVIGATION, environ_overrides=environ)
        opened = client.get("/test/open", headers=NAVIGATION, environ_overrides=environ)
        fine = (
            closed.status_code == 303
            and closed.location.startswith("/login?next=")
            and opened.status_code == 200
            and opened.json == {"signed_in": False}
            and not issued(closed.headers.getlist("Set-Cookie"))
            and not issued(opened.headers.getlist("Set-Cookie"))
        )
        if not fine:
            wrong.append((name, closed.status_code, closed.location, opened.status_code))
    assert not wrong
    assert count > 200
    assert honest.get("/test/me").status_code == 200, "the honest browser's session must not have suffered"


def test_a_forged_refresh_token_beside_a_good_access_token(
    app: Flask, honest: Browser, forge: Forger, clock: SetClock
) -> None:
    """Served until the access token ends; the useless refresh cookie goes, and no other takes its place."""
    client = app.test_client(use_cookies=False)
    wrong = []
    for name, value in as_cookies(forge, "refresh", clock()):
        environ = {"HTTP_COOKIE": f"access_token={honest.access}; refresh_token={value[:9000]}"}
        answer = client.get("/test/me", headers=NAVIGATION, environ_overrides=environ)
        cookies = answer.headers.getlist("Set-Cookie")
        if answer.status_code != 200 or len(cookies) != 1 or not cookies[0].startswith("refresh_token=;"):
            wrong.append((name, answer.status_code, cookies))
    assert not wrong
    clock.advance(601)
    assert honest.get("/test/me").status_code == 200


def test_a_forged_access_token_beside_a_good_refresh_token(
    app: Flask, honest: Browser, forge: Forger, clock: SetClock
) -> None:
    """The access token counts as expired; the good refresh token is answered with its one successor."""
    client = app.test_client(use_cookies=False)
    successors = set()
    for name, value in as_cookies(forge, "access", clock()):
        environ = {"HTTP_COOKIE": f"access_token={value[:9000]}; refresh_token={honest.refresh}"}
        answer = client.get("/test/me", headers=NAVIGATION, environ_overrides=environ)
        assert answer.status_code == 200, name
        given = dict(line.split(";")[0].split("=", 1) for line in answer.headers.getlist("Set-Cookie"))
        successors.add(given["refresh_token"])
    assert len(successors) == 1
    assert honest.refresh not in successors


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stolen_access_token_alone_never_yields_a_refresh_token(
    app: Flask, honest: Browser, clock: SetClock, method: str
) -> None:
    """Served while it lives, wherever it is sent; nothing is ever renewed by it."""
    thief = Browser.of_app(app)
    thief.access = honest.access
    for _ in range(3):
        for path in ("/", "/account", "/test/me", "/nothing-here"):
            answer = getattr(thief, method)(path, *([{}] if method == "post" else []))
            assert not issued(answer.headers.get_list("set-cookie")), path
        clock.advance(299)
    assert thief.get("/test/me").status_code == 303
    assert thief.refresh is None


@pytest.mark.parametrize("foreign", ["access", "refresh"])
def test_tokens_in_each_others_cookie(app: Flask, honest: Browser, foreign: str) -> None:
    """An access token in the refresh cookie, and the reverse, are nothing."""
    thief = Browser.of_app(app)
    token = getattr(honest, foreign)
    thief.set_cookie({"access": "refresh_token", "refresh": "access_token"}[foreign], token)
    answer = thief.get("/test/me")
    assert answer.status_code == 303
    assert not issued(answer.headers.get_list("set-cookie"))
    assert honest.get("/test/me").status_code == 200
