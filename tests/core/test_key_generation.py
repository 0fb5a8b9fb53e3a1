"""Asymmetric keys: made strong, and refused where they are weak, foreign or put together wrongly."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.rows import session_row
from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.errors import KeyRingError
from webapp.core.key_generation import new_material, problem_with_jwk
from webapp.core.key_ring import KeyRing, new_ring
from webapp.core.keys import ACCESS, REFRESH, Key, generate, new_secret
from webapp.core.lifetimes import Lifetimes
from webapp.core.tokens import Tokens

ASYMMETRIC = ("EdDSA", "ES256", "PS256", "RS256")
ISSUER = "https://login.example.com"


@cache
def key_of(alg: str) -> Key:
    return generate(ACCESS, alg, 100)


ROW = session_row(channel="api", auth_time=100, expires_at=10_000, refresh_issued_at=100, refresh_expires_at=5000)


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_signs_and_verifies_by_the_public_half_alone(alg: str) -> None:
    """The public half verifies an access token, and the refresh token stays HS256."""
    tokens = Tokens(new_ring([key_of(alg)], 100), ISSUER, Lifetimes())
    text = tokens.mint_access(ROW, gen=0, now=100, auth_time=ROW.auth_time)
    public = key_of(alg).public_jwk()
    assert public is not None
    assert set(public) <= {"kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"}
    assert (public["kid"], public["alg"], public["use"]) == (key_of(alg).kid, alg, "sig")
    verifier = KeyRing(
        [Key(public["kid"], alg, ACCESS, "verify", public), new_secret(ACCESS, 1), new_secret(REFRESH, 1)]
    )
    assert Tokens(verifier, ISSUER, Lifetimes()).verify_access(text, "api", 150).claims
    refresh = tokens.mint_refresh(ROW)
    assert json.loads(decode_base64url(refresh.split(".")[0]))["alg"] == "HS256"


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_written_and_read_again(alg: str) -> None:
    """A ring with an asymmetric key is the same after writing and reading."""
    ring = new_ring([key_of(alg)], 100)
    again = KeyRing.from_json(ring.to_json())
    assert again.to_json() == ring.to_json()
    assert again.public_jwks()["keys"] == [key_of(alg).public_jwk()]


def changed(alg: str, /, **members: Any) -> dict[str, Any]:
    return {n: v for n, v in {**key_of(alg).to_jwk(), **members}.items() if v is not None}


def other(alg: str, name: str) -> Any:
    return new_material(alg)[name]


def weak_rsa() -> dict[str, Any]:
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    values = {
        "n": numbers.public_numbers.n, "e": 65537, "d": numbers.d, "p": numbers.p, "q": numbers.q,
        "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp,
    }  # fmt: skip
    return {n: encode_base64url(v.to_bytes((v.bit_length() + 7) // 8)) for n, v in values.items()}


@cache
def refused() -> dict[str, dict[str, Any]]:
    return {
        "2048 bits": changed("RS256", **weak_rsa()),
        "no private half (RSA)": changed("RS256", d=None),
        "no private half (Ed25519)": changed("EdDSA", d=None),
        "half of the private half": changed("PS256", p=None),
        "n of another key": changed("RS256", n=other("RS256", "n")),
        "x of another key (Ed25519)": changed("EdDSA", x=other("EdDSA", "x")),
        "another point (P-256)": changed("ES256", x=other("ES256", "x")),
        "d of another key (P-256)": changed("ES256", d=other("ES256", "d")),
        "another curve (EC)": changed("ES256", crv="P-384"),
        "another curve (OKP)": changed("EdDSA", crv="X25519"),
        "another kty": changed("EdDSA", kty="EC"),
        "a secret as RSA": changed("RS256", kty="oct"),
        "a short x": changed("EdDSA", x="AAAA"),
        "x a number": changed("EdDSA", x=5),
        "x no base64url": changed("ES256", x="+++"),
        "e even": changed("RS256", e=encode_base64url(b"\x04")),
        "EdDSA key named ES256": changed("EdDSA", alg="ES256"),
        "no y": changed("ES256", y=None),
    }


def test_refused_and_not_shown(subtests: pytest.Subtests) -> None:
    """Each bad key of the table is refused by a message that contains no part of it."""
    for name, entry in refused().items():
        with subtests.test(name):
            refuses(entry)


def refuses(entry: dict[str, Any]) -> None:
    good = new_secret(REFRESH, 1).to_jwk()
    with pytest.raises(KeyRingError) as caught:
        KeyRing.from_json(json.dumps({"keys": [entry, good]}))
    message = str(caught.value)
    assert entry["kid"] in message
    for member in ("d", "n", "x", "p"):
        if isinstance(entry.get(member), str) and len(entry[member]) > 8:
            assert entry[member][:8] not in message


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_the_refused_ones_differ_in_one_thing(alg: str) -> None:
    """The key that the bad ones are made of is itself accepted."""
    assert problem_with_jwk(alg, key_of(alg).to_jwk(), signs=True) is None


def test_a_key_that_only_verifies_needs_no_private_half() -> None:
    """A public key alone is accepted for verifying."""
    assert problem_with_jwk("EdDSA", changed("EdDSA", d=None), signs=False) is None


def test_needless_keys_leave_the_ring() -> None:
    """A replaced key leaves the ring when its last token is dead, and active keys never do."""
    ring = new_ring([new_secret(ACCESS, 0)], 0)
    first = ring.active(ACCESS).kid
    ring = ring.rotate(new_secret(ACCESS, 100), 100).rotate(new_secret(ACCESS, 200), 200)
    assert len(ring.without_needless(1100, 1000).keys) == 4
    left = ring.without_needless(1101, 1000)
    assert first not in {key.kid for key in left.keys}
    assert len(left.keys) == 3
    assert len(left.without_needless(10**9, 1000).keys) == 2
