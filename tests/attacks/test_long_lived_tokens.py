"""A leaked signing key: the tokens it makes live no longer than ours, so its removal ends them within minutes."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.forge import Forger
from webapp.services import services_of

YEAR = 365 * 24 * 3600


def with_life(app: Flask, access: str | None, refresh: str | None, iat: int, seconds: int) -> str:
    tokens = services_of(app).tokens
    assert access
    assert refresh
    return Forger(tokens.ring, tokens.issuer, access, refresh).claims("access", iat=iat, exp=iat + seconds)


@pytest.mark.parametrize(("seconds", "status"), [(600, 200), (601, 303), (YEAR, 303)])
def test_a_page_refuses_an_access_token_that_lives_too_long(
    app: Flask, person: Browser, clock: SetClock, seconds: int, status: int
) -> None:
    """A page refuses an access token that lives one second longer than ours."""
    thief = Browser.of_app(app)
    thief.access = with_life(app, person.access, person.refresh, clock(), seconds)
    assert thief.get("/test/me").status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(600, 200), (601, 401), (YEAR, 401)])
def test_the_api_refuses_it_too(app: Flask, username: str, clock: SetClock, seconds: int, status: int) -> None:
    """The API refuses such a token as well."""
    client = ApiClient.of_app(app)
    client.log_in(username)
    client.access = with_life(app, client.access, client.refresh, clock(), seconds)
    assert client.get("/me").status_code == status


@pytest.mark.parametrize("settings", [{"WEBAPP_ACCESS_TOKEN_TTL": "2"}])
def test_a_session_with_lifetimes_of_its_own_is_not_cut_short(app: Flask, person: Browser, clock: SetClock) -> None:
    """The lab's tokens may live longer than the application's, because they are no forgeries."""
    assert person.submit("/lab", "/lab/clock/fast").status_code == 200
    clock.advance(10)
    assert person.get("/test/me").status_code == 200
    assert person.get("/lab/state").json()["access"]["state"] == "valid"
