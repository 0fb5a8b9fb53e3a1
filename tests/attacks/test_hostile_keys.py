"""Keys that make a crypto library compute for seconds or for ever: refused by their form, before it sees them."""

from __future__ import annotations

import json
import random
import time
from base64 import encodebytes

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from flask import Flask

from tests.support.browser import Browser
from tests.support.forge import b64
from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, REFRESH, new_secret

LIMIT = 0.05
"""Seconds of processor time one hostile request may cost, the page it gets included."""

# Primes of 2500 bits: a genuine key of 5000. Making one takes longer than this whole file.
P = int(
    "c2c3fcf586aebee316ba3b12ced9893bb8004be6449e666c3f3c7a8963dcba5cdc2ba898a604838220370ad1ffc1c8ff282e"
    "e09c7e1d0da1e4eaf5223a8b8436f7a82c6fb87f416fecd848448ec8ea7b527a67ded21f0f814cee17ed934217b0a529d368"
    "5fc369d1411057cb7e27731c0c7f6174eef8b477eaff770cb2b97e547b65aab09bcadd725fbbe3a0cb5c1d64a19b5060170b"
    "f3b065f174d73baab5f7d15d87bddd29bfa9a687ff2a8148051b060d7ff836129e2342adfd4bbbe984491503403ffd962051"
    "106c28f06c53e5af0ab58141a7e69ba074be3776153ce7bd1f7b67fe5b1323ebbb3cdeb27fbf575429b36e80bcbbea66259b"
    "49fc446a93a1e5f93ea87bd5c2b5dfc3adf0dcb78a9fb3721e9f3a2f4a73dff2c4ef1df3157b7b1604d2f7eb2313cdfa5d18"
    "7889464579e64f7207827b257",
    16,
)
Q = int(
    "b8c01ec45a5dacf0e7df90367db40fa48ecae29573ef890b9f267d63363e1f674303a7af1dae825104929f21e64757806bbc"
    "a125dad71bbad6683a319ee6819d83bbff7c5a33c25b401185f66ba42ee366fea67c4a9b242ee6b7fd0d8e1a675a9ac20799"
    "147587849b5c40fe10099947cf3aeecc63ac5dbaad9e02c33fffa07bc5dc3a1c5a069bf100d888f753709055a33380ba6c36"
    "02e43f50e8d61e2634abb2d887daa2ec9d090d5e3a3c92d807a0c571271b394ab5e82cb1e45eac71ee6998cf06bfa8326c36"
    "a294a1dac5ab2056308951e028ced2073fbc87ac5936ba6105aa53ceb2c107bd68c72b824ce1ab61cfa8f2ef2e420cd0a400"
    "cf4ba114f6c149518aa766ff9454db05770592a60d5c243e39d8474f7b5539dacea8eae7aef8ece0d2899398847a3aed3a1d"
    "0d9763c571306c87116c54d33",
    16,
)
RANDOM = random.Random(11)


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def of_bits(bits: int) -> int:
    return RANDOM.getrandbits(bits) | 1 | 1 << (bits - 1)


def genuine() -> rsa.RSAPrivateNumbers:
    d = pow(65537, -1, (P - 1) * (Q - 1))
    public = rsa.RSAPublicNumbers(65537, P * Q)
    return rsa.RSAPrivateNumbers(P, Q, d, d % (P - 1), d % (Q - 1), pow(Q, -1, P), public)


def pem(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{encodebytes(der).decode()}-----END {label}-----\n"


def rsa_jwk(**members: int | str) -> dict[str, str]:
    texts = {name: value if isinstance(value, str) else number(value) for name, value in members.items()}
    return {"kty": "RSA", "e": "AQAB"} | texts


def genuine_pem() -> str:
    key = genuine().private_key(unsafe_skip_rsa_key_validation=True)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def dsa_pem() -> str:
    """DSA parameters of 3072 bits that are none."""
    parameters = dsa.DSAParameterNumbers(of_bits(3072), of_bits(256), 2)
    y = pow(2, 77, parameters.p)
    try:
        key = dsa.DSAPrivateNumbers(77, dsa.DSAPublicNumbers(y, parameters)).private_key()
    except ValueError:
        return pem("PRIVATE KEY", b"\x30\x82\x04\x00\x02\x01\x00\x30\x09\x06\x07\x2a\x86\x48\xce\x38\x04\x01" * 60)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


PRIME = 3 * 2**534 + 1
"""Prime, so that it has no two factors to find."""

numbers = genuine()
BIG = rsa_jwk(
    n=P * Q, d=numbers.d, p=P, q=Q, dp=numbers.dmp1, dq=numbers.dmq1, qi=numbers.iqmp
)  # fmt: skip
JWKS: dict[str, tuple[str, dict[str, str]]] = {
    "a prime modulus and d without primes": ("RS256", rsa_jwk(n=PRIME, d=pow(65537, -1, PRIME - 1))),
    "the same among others": ("RS256", rsa_jwk(n=PRIME, d=pow(65537, -1, PRIME - 1), p="AQ")),
    "members of 12000, 4000 and 7900 bits": (
        "RS256",
        rsa_jwk(n=of_bits(12000), e=number(of_bits(4000)), d=of_bits(7900)),
    ),
    "a public key of 12000 and 11999 bits": ("PS256", rsa_jwk(n=of_bits(12000), e=number(of_bits(11999)))),
    "a genuine key of 5000 bits": ("RS256", BIG),
    "primes that are not those of n": ("RS256", BIG | {"n": number(of_bits(4096)), "p": number(PRIME), "q": "AQ"}),
    "a point beyond every curve": ("ES256", {"kty": "EC", "crv": "P-256", "x": "A" * 3000, "y": "A" * 3000}),
    "a private half beyond every curve": (
        "ES256",
        {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "d": "A" * 3000},
    ),
    "an Ed25519 key of 3000 bytes": ("EdDSA", {"kty": "OKP", "crv": "Ed25519", "x": "A" * 4000, "d": "A" * 4000}),
}
TEXTS: dict[str, tuple[str, str]] = {
    **{name: (alg, json.dumps(jwk)) for name, (alg, jwk) in JWKS.items()},
    "a set of many": ("RS256", json.dumps({"keys": [jwk for _alg, jwk in JWKS.values()] * 4})[:32_000]),
    "a genuine key of 5000 bits as PEM": ("RS256", genuine_pem()),
    "parameters of another algorithm": ("RS256", dsa_pem()),
    "begins without ends": ("RS256", "-----BEGIN PUBLIC KEY-----" * 1200),
    "lines without ends": ("RS256", "-----BEGIN X-----\\n" * 1500 + "-----END"),
    "a long secret": ("HS256", "a:" * 16_000),
}  # fmt: skip


@pytest.mark.parametrize("do", ["inspect", "build"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_key_costs_the_inspector_no_time(visitor: Browser, name: str, do: str) -> None:
    """With any text as a key, one request takes less than 50 ms of a processor."""
    alg, key = TEXTS[name]
    token = f"{b64(json.dumps({'alg': alg}))}.{b64('{}')}.AAAA"
    csrf = visitor.read_form("/inspector").fields["csrf_token"]
    fields = {"csrf_token": csrf, "token": token, "key": key, "alg": alg, "header": "{}", "claims": "{}", "do": do}
    visitor.post("/inspector", fields | {"key": "warm"})  # the templates are compiled at the first request
    started = time.process_time()
    answer = visitor.post("/inspector", fields)
    taken = time.process_time() - started
    assert answer.status_code in (200, 422)
    assert taken < LIMIT


@pytest.mark.parametrize("name", JWKS)
def test_a_hostile_key_costs_the_key_ring_no_time(name: str) -> None:
    """The key file is read with the same care, and the error contains no part of the key."""
    alg, jwk = JWKS[name]
    entry = jwk | {"kid": "hostile", "alg": alg, "purpose": ACCESS, "state": "verify"}
    others = [new_secret(purpose, 1).to_jwk() for purpose in (ACCESS, REFRESH)]
    text = json.dumps({"keys": [entry, *others]})
    started = time.process_time()
    with pytest.raises(KeyRingError, match="hostile") as caught:
        KeyRing.from_json(text)
    assert time.process_time() - started < LIMIT
    assert all(value[:12] not in str(caught.value) for name, value in jwk.items() if len(value) > 12)


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on"}])
def test_the_inspector_is_limited(app: Flask) -> None:
    """Twenty requests a minute from one address; the next one is told when to come back."""
    visitor = Browser.of_app(app)
    csrf = visitor.read_form("/inspector").fields["csrf_token"]
    statuses = [visitor.post("/inspector", {"csrf_token": csrf}).status_code for _ in range(21)]
    assert statuses == [422] * 20 + [429]
