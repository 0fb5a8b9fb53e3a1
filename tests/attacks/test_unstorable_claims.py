"""A token signed with the real key whose texts no database can store: refused, and never a 500."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser
from tests.support.forge import PREFERENCES, Forger
from webapp.core.decision import TokenState
from webapp.services import services_of

TEXTS = {"lone surrogate": "\ud800", "half a pair within": "a\udfffb", "NUL": "a\0b"}
CLAIMS = {
    "access": ("iss", "sub", "aud", "jti", "name", "email", "role", "sid", "unknown"),
    "refresh": ("iss", "sub", "aud", "jti", "sid", "unknown"),
}


def forger(app: Flask, access: str | None, refresh: str | None) -> Forger:
    tokens = services_of(app).tokens
    assert access
    assert refresh
    return Forger(tokens.ring, tokens.issuer, access, refresh)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_pages_refuse_every_claim(app: Flask, person: Browser, purpose: str, text: str) -> None:
    """Whichever claim it is, known or not, at the top or within: INVALID, so the way to the login page."""
    forge = forger(app, person.access, person.refresh)
    changes = [{claim: text} for claim in CLAIMS[purpose]]
    changes += [{"unknown": {"a": [text]}}, {"unknown": {text: 1}}]
    if purpose == "access":
        changes.append({PREFERENCES: {"theme": text, "language": "en"}})
    thief = Browser.of_app(app)
    for change in changes:
        thief.set_cookie(f"{purpose}_token", forge.claims(purpose, **change))
        answer = thief.get("/test/me")
        assert answer.status_code == 303, change
        assert answer.headers["location"].startswith("/login")
        verify = getattr(services_of(app).tokens, f"verify_{purpose}")
        assert verify(forge.claims(purpose, **change), "web", services_of(app).clock()).state is TokenState.INVALID
    assert person.get("/test/me").status_code == 200


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_api_refuses_every_claim(app: Flask, person: Browser, username: str, text: str) -> None:
    """An unstorable text in any claim is a 401 of the API, and the session stays alive."""
    client = ApiClient.of_app(app)
    client.log_in(username)
    forge = forger(app, client.access, client.refresh)
    honest = client.access
    for claim in CLAIMS["access"]:
        client.access = forge.claims("access", **{claim: text})
        assert client.get("/me").status_code == 401, claim
        assert client.send("POST", "/logout").status_code == 401, claim
    client.access = honest
    for claim in CLAIMS["refresh"]:
        client.refresh = forge.claims("refresh", **{claim: text})
        assert client.ask_refresh().status_code == 401, claim
    assert client.get("/me").status_code == 200
