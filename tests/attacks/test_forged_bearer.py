"""Forged tokens in the Bearer slot and in the refresh body: each is refused, and none ends anybody's session.

Every forgery is made with the means a stranger has, or with more: some are signed with the right key and wrong in
one claim only. A control shows that the same recipe without the flaw is accepted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser
from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.services import services_of

Parts = tuple[dict[str, Any], dict[str, Any]]
INVALID = 'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"'


class Forge:
    """Takes a good token apart and puts it together again, signed with any key."""

    def __init__(self, app: Flask, token: str, purpose: str) -> None:
        self.header, self.payload = (json.loads(decode_base64url(part)) for part in token.split(".")[:2])
        self.key = services_of(app).tokens.ring.active(purpose).secret
        self.token = token

    def make(self, header: dict[str, Any] | None = None, key: bytes | None = None, **claims: Any) -> str:
        payload = {name: value for name, value in (self.payload | claims).items() if value is not None}
        return self.sign(json.dumps(self.header | (header or {})), json.dumps(payload), key)

    def sign(self, header: str, payload: str, key: bytes | None = None) -> str:
        signed = ".".join(encode_base64url(part.encode()) for part in (header, payload))
        mac = hmac.new(self.key if key is None else key, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{encode_base64url(mac)}"


def swap_alg_none(forge: Forge) -> str:
    header = encode_base64url(json.dumps(forge.header | {"alg": "none"}).encode())
    return f"{header}.{forge.token.split('.')[1]}."


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "alg none": swap_alg_none,
    "alg none, signed": lambda f: f.make({"alg": "none"}),
    "alg HS512": lambda f: f.make({"alg": "HS512"}),
    "alg lower case": lambda f: f.make({"alg": "hs256"}),
    "empty key": lambda f: f.make(key=b""),
    "a guessed key": lambda f: f.make(key=b"secret"),
    "kid unknown": lambda f: f.make({"kid": "nobody"}),
    "kid a path": lambda f: f.make({"kid": "../../dev/null"}, key=b""),
    "kid SQL": lambda f: f.make({"kid": "' OR 1=1 --"}),
    "kid a number": lambda f: f.make({"kid": 5}),
    "kid null": lambda f: f.make({"kid": None}),
    "jwk header": lambda f: f.make({"jwk": {"kty": "oct", "k": "AA"}}),
    "jku header": lambda f: f.make({"jku": "https://evil.example.com"}),
    "crit header": lambda f: f.make({"crit": ["exp"]}),
    "b64 header": lambda f: f.make({"b64": False}),
    "zip header": lambda f: f.make({"zip": "DEF"}),
    "typ JWT": lambda f: f.make({"typ": "JWT"}),
    "typ upper case": lambda f: f.make({"typ": f.header["typ"].upper()}),
    "another issuer": lambda f: f.make(iss="https://evil.example.com"),
    "audience of the pages": lambda f: f.make(aud=f.payload["aud"].replace("/api", "/web")),
    "audience a list": lambda f: f.make(aud=[f.payload["aud"]]),
    "no audience": lambda f: f.make(aud=None),
    "no exp": lambda f: f.make(exp=None),
    "exp a text": lambda f: f.make(exp=str(f.payload["exp"])),
    "exp a fraction": lambda f: f.make(exp=f.payload["exp"] + 0.5),
    "exp true": lambda f: f.make(exp=True),
    "exp far beyond": lambda f: f.make(exp=2**60),
    "exp before iat": lambda f: f.make(exp=f.payload["iat"]),
    "iat in the future": lambda f: f.make(iat=f.payload["iat"] + 61),
    "nbf in the future": lambda f: f.make(nbf=f.payload["iat"] + 1000),
    "no sid": lambda f: f.make(sid=None),
    "sid of nobody": lambda f: f.make(sid="0" * 32),
    "sub of nobody": lambda f: f.make(sub="0" * 32),
    "gen a text": lambda f: f.make(gen="0"),
    "gen negative": lambda f: f.make(gen=-1),
    "no jti": lambda f: f.make(jti=None),
    "a payload that is a list": lambda f: f.sign(json.dumps(f.header), "[]"),
    "a claim twice": lambda f: f.sign(json.dumps(f.header), json.dumps(f.payload)[:-1] + ',"sub":"x"}'),
    "a header twice": lambda f: f.sign(json.dumps(f.header)[:-1] + ',"alg":"HS256"}', json.dumps(f.payload)),
    "cut off": lambda f: f.token[:-2],
    "padded": lambda f: f.token + "=",
    "signature with other last bits": lambda f: f.token[:-1] + chr(ord(f.token[-1]) + 1),
    "four parts": lambda f: f.token + ".x",
    "one part": lambda f: f.token.split(".")[0],
    "empty": lambda f: "..",
    "a NUL": lambda f: f.token + "\0",
    "too long": lambda f: f.make(name="x" * 4000),
}

NOT_IN_A_HEADER = {"a NUL"}
AUTHENTIC = {"sid of nobody", "sub of nobody"}
"""Signed with our key and wrong about the session only: nobody is let in, but it may end the session it names."""


@pytest.fixture
def victim(app: Flask) -> ApiClient:
    client = ApiClient.of_app(app)
    client.log_in(Browser.of_app(app).sign_up())
    return client


def test_in_the_bearer_slot(app: Flask, victim: ApiClient, subtests: pytest.Subtests) -> None:
    """Each forgery in the Authorization header is refused and ends no session."""
    assert victim.access
    good, forge = victim.access, Forge(app, victim.access, "access")
    for name, recipe in FORGERIES.items():
        if name in NOT_IN_A_HEADER:
            continue
        with subtests.test(name):
            victim.access = recipe(forge)
            answers = [victim.get("/me")]
            if name not in AUTHENTIC:
                answers.append(victim.send("POST", "/logout"))
            for answer in answers:
                assert answer.status_code in (400, 401), name
                assert "error=" in answer.headers["www-authenticate"]
    victim.access = forge.make()
    assert victim.get("/me").status_code == 200  # the recipe itself is right
    victim.access = good
    assert victim.get("/me").status_code == 200  # and nobody was logged out


def test_in_the_bearer_slot_of_a_refresh(app: Flask, victim: ApiClient, subtests: pytest.Subtests) -> None:
    """With the good refresh token beside it: it renews nothing and reveals nothing."""
    assert victim.access
    good, forge = victim.access, Forge(app, victim.access, "access")
    for name, recipe in FORGERIES.items():
        if name in NOT_IN_A_HEADER:
            continue
        with subtests.test(name):
            victim.access = recipe(forge)
            answer = victim.ask_refresh()
            assert answer.status_code in (400, 401), name
            assert "access_token" not in answer.json()
    victim.access = good
    assert victim.do_refresh().status_code == 200


def test_in_the_refresh_body(app: Flask, victim: ApiClient, subtests: pytest.Subtests) -> None:
    """Each forgery as a refresh token is refused as invalid_grant and ends no session."""
    assert victim.refresh
    good, forge = victim.refresh, Forge(app, victim.refresh, "refresh")
    for name, recipe in FORGERIES.items():
        with subtests.test(name):
            victim.refresh = recipe(forge)
            answer = victim.ask_refresh()
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, INVALID), name
            assert answer.json()["error"] == "invalid_grant"
    victim.refresh = good
    assert victim.do_refresh().status_code == 200


def test_each_token_in_the_others_place(app: Flask, victim: ApiClient) -> None:
    """Exchanged or doubled tokens are refused, and the right pair still works."""
    access, refresh = victim.access, victim.refresh
    victim.access, victim.refresh = refresh, access
    assert victim.ask_refresh().status_code == 401
    victim.access, victim.refresh = access, access
    assert victim.ask_refresh().status_code == 401
    victim.access, victim.refresh = refresh, refresh
    assert victim.ask_refresh().status_code == 401
    victim.access, victim.refresh = access, refresh
    assert victim.do_refresh().status_code == 200


def test_an_access_token_signed_with_the_refresh_key(app: Flask, victim: ApiClient) -> None:
    """An access token that the refresh key signed is refused."""
    assert victim.access
    forge = Forge(app, victim.access, "access")
    other = services_of(app).tokens.ring.active("refresh")
    victim.access = forge.make({"kid": other.kid}, key=other.secret)
    assert victim.get("/me").status_code == 401


@pytest.mark.parametrize("settings", [{"WEBAPP_ACCESS_ALGORITHM": "ES256"}], ids=["ES256"])
def test_the_public_key_as_a_shared_secret(app: Flask, victim: ApiClient, settings: dict[str, str]) -> None:
    """Key confusion: HS256 with the published key as its secret."""
    ring = services_of(app).tokens.ring
    public = ring.public_jwks()["keys"][0]
    assert victim.access
    header, payload = (json.loads(decode_base64url(part)) for part in victim.access.split(".")[:2])
    assert header["alg"] == "ES256"
    assert victim.get("/me").status_code == 200
    for secret in (json.dumps(public).encode(), decode_base64url(public["x"]), public["x"].encode()):
        signed = ".".join(encode_base64url(json.dumps(p).encode()) for p in (header | {"alg": "HS256"}, payload))
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        victim.access = f"{signed}.{encode_base64url(mac)}"
        assert victim.get("/me").status_code == 401
