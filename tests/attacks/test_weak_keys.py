"""A key ring made by hand: one secret for two purposes, or a secret that is none."""

from __future__ import annotations

import json

import pytest

from tests.support.commands import run_command
from webapp.core.base64url import encode_base64url
from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, REFRESH, RETIRED, new_key, new_secret


def secret_key(purpose: str, secret: bytes) -> object:
    return new_key(purpose, "HS256", {"kty": "oct", "k": encode_base64url(secret)}, 0)


def ring_text(*keys: object) -> str:
    return json.dumps({"keys": [key.to_jwk() for key in keys]})  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", ["active", RETIRED])
def test_one_secret_for_access_and_refresh_tokens(state: str) -> None:
    """Each of the two keys would verify what the other signed, whatever becomes of either."""
    access, refresh = new_secret(ACCESS, 0), new_secret(REFRESH, 0)
    twin = {**access.to_jwk(), "kid": "twin", "purpose": REFRESH, "state": state}
    keys = [access.to_jwk(), twin] if state == "active" else [access.to_jwk(), refresh.to_jwk(), twin]
    with pytest.raises(KeyRingError, match=f"^keys {access.kid} and twin have the same secret$"):
        KeyRing.from_json(json.dumps({"keys": keys}))


@pytest.mark.parametrize(
    "secret", [b"\0" * 32, b"secret" * 8, b"change me change me change me!!!", b"0123456789abcde" * 3, b"a" * 64]
)
def test_secrets_that_are_no_secrets(secret: bytes) -> None:
    """Long enough, and made of a few bytes only."""
    with pytest.raises(KeyRingError, match=r"fewer than 16 different bytes$"):
        KeyRing.from_json(ring_text(secret_key(ACCESS, secret), new_secret(REFRESH, 0)))


def test_sixteen_different_bytes_are_enough() -> None:
    """Secrets in hex, of which operators have many."""
    KeyRing.from_json(ring_text(secret_key(ACCESS, b"0123456789abcdef" * 4), new_secret(REFRESH, 0)))


def test_doctor_says_so(tmp_path: object) -> None:
    """A site with such a ring does not start; its operator reads why."""
    settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path)}
    run_command(settings, "db", "upgrade")
    path = f"{tmp_path}/keys.json"
    with open(path, "w") as file:
        file.write(ring_text(secret_key(ACCESS, b"\0" * 32), new_secret(REFRESH, 0)))
    answer = run_command(settings, "doctor", fails=True)
    assert "fewer than 16 different bytes" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr
