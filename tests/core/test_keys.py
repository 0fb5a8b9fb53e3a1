"""The key ring: its rules, what it refuses, and that it never shows a secret."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing, new_ring
from webapp.core.keys import ACCESS, FACTORS, REFRESH, decode_base64url, encode_base64url, new_secret

SECRET = encode_base64url(bytes(range(32)))
OTHER_SECRET = encode_base64url(bytes(range(32, 64)))


def jwk(kid: str = "a1", purpose: str = "access", state: str = "active", **members: Any) -> dict[str, Any]:
    secret = SECRET if purpose == "access" else OTHER_SECRET
    return {"kty": "oct", "kid": kid, "alg": "HS256", "purpose": purpose, "state": state, "k": secret} | members


def ring_of(*keys: Any) -> KeyRing:
    return KeyRing.from_json(json.dumps({"keys": list(keys)}))


def good() -> list[dict[str, Any]]:
    return [jwk(), jwk("r1", "refresh")]


def test_a_new_ring_has_one_active_key_a_purpose() -> None:
    """A new ring has one active HS256 key of 32 random bytes for each purpose."""
    ring = new_ring([new_secret(ACCESS, 5)], 5)
    for purpose in (ACCESS, REFRESH):
        key = ring.active(purpose)
        assert (key.alg, key.state, key.created_at, key.active_since, key.superseded_at) == (
            "HS256",
            "active",
            5,
            5,
            None,
        )
        assert len(key.secret) == 32
    assert ring.active(ACCESS).secret != ring.active(REFRESH).secret
    assert new_secret(ACCESS, 5).secret != new_secret(ACCESS, 5).secret


def test_what_is_written_is_read_again() -> None:
    """A ring is the same after writing and reading."""
    ring = ring_of(*good())
    again = KeyRing.from_json(ring.to_json())
    assert again.keys == ring.keys
    assert again.to_json() == ring.to_json()


def test_rotation_and_retirement() -> None:
    """A rotated key still verifies, a retired one no longer does, and the ring before is unchanged."""
    ring = ring_of(*good())
    new = new_secret(ACCESS, 100)
    rotated = ring.rotate(new, 100)
    assert rotated.active(ACCESS).kid == new.kid
    assert rotated.active(REFRESH).kid == "r1"
    old = rotated.verifying("a1", ACCESS)
    assert old is not None
    assert (old.state, old.superseded_at) == ("verify", 100)
    assert ring.active(ACCESS).kid == "a1"  # the old ring is as it was
    retired = rotated.retire("a1")
    assert retired.verifying("a1", ACCESS) is None
    assert retired.find("a1") is not None


def test_an_active_key_is_not_retired() -> None:
    """Retiring an active or an unknown key is an error that names it."""
    with pytest.raises(KeyRingError, match="a1 is active; rotate first"):
        ring_of(*good()).retire("a1")
    with pytest.raises(KeyRingError, match="no key zz"):
        ring_of(*good()).retire("zz")


def test_a_key_serves_its_own_purpose_only() -> None:
    """An access key verifies no refresh token, a refresh key no access token, an unknown key nothing."""
    ring = ring_of(*good())
    assert ring.verifying("a1", REFRESH) is None
    assert ring.verifying("r1", ACCESS) is None
    assert ring.verifying("nobody", ACCESS) is None


def test_open_forms_survive_a_rotation() -> None:
    """The forms' secret outlives a rotation, ends with its key, and does not show that key."""
    ring = ring_of(*good())
    rotated = ring.rotate(new_secret(REFRESH, 9), 9)
    assert rotated.forms_secret == ring.forms_secret
    assert rotated.retire("r1").forms_secret != ring.forms_secret
    assert ring.active(REFRESH).secret.hex() not in ring.forms_secret


def test_symmetric_keys_are_never_published() -> None:
    """A ring of symmetric keys publishes an empty key set."""
    assert ring_of(*good()).public_jwks() == {"keys": []}


def test_a_ring_seals_only_with_a_key_of_that_purpose() -> None:
    """A ring without one is whole; one that seals has one active key, and no token is verified with it."""
    assert ring_of(*good()).sealing_key is None
    ring = KeyRing(ring_of(*good()).keys).rotate(new_secret(FACTORS, 5), 5)
    first = ring.sealing_key
    assert first is not None
    assert (first.alg, len(first.secret)) == ("A256GCM", 32)
    assert ring.verifying(first.kid, ACCESS) is None
    rotated = ring.rotate(new_secret(FACTORS, 9), 9)
    assert rotated.sealing_key not in (None, first)
    assert rotated.verifying(first.kid, FACTORS) is not None
    assert rotated.retire(first.kid).verifying(first.kid, FACTORS) is None
    assert KeyRing.from_json(rotated.to_json()).keys == rotated.keys


def test_sealing_keys_stay_until_they_are_retired() -> None:
    """What they sealed lives for years, so no rotation drops them by their age."""
    ring = KeyRing([*ring_of(*good()).keys, new_secret(FACTORS, 0)])
    kid = ring.keys[-1].kid
    old = ring.rotate(new_secret(FACTORS, 1), 1)
    assert old.without_needless(10**9, 1000).find(kid) is not None
    assert old.retire(kid).without_needless(10**9, 1000).find(kid) is None


REFUSED = {
    "only an old key to seal": {"keys": [*good(), jwk("f", "factors", "verify", alg="A256GCM")]},
    "two active keys to seal": {"keys": [*good(), *[jwk(kid, "factors", alg="A256GCM") for kid in "fg"]]},
    "a sealing key that signs": {"keys": [*good(), jwk("f", "factors")]},
    "an access key that seals": {"keys": [*good(), jwk("x", state="verify", alg="A256GCM")]},
    "a sealing key of 33 bytes": {
        "keys": [*good(), jwk("f", "factors", alg="A256GCM", k=encode_base64url(bytes(range(33))))]
    },
    "not JSON": "no",
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "no keys": "{}",
    "keys no list": '{"keys": {}}',
    "keys null": '{"keys": null}',
    "a key that is no object": {"keys": [5]},
    "no key": {"keys": []},
    "no refresh key": {"keys": [jwk()]},
    "no access key": {"keys": [jwk("r1", "refresh")]},
    "no active access key": {"keys": [jwk(state="verify"), jwk("r1", "refresh")]},
    "two active access keys": {"keys": [jwk(), jwk("a2"), jwk("r1", "refresh")]},
    "two keys of one kid": {"keys": [*good(), jwk("r1", "access", "verify")]},
    "unknown purpose": {"keys": [*good(), jwk("x", "other", "verify")]},
    "unknown state": {"keys": [*good(), jwk("x", state="Active")]},
    "algorithm none": {"keys": [*good(), jwk("x", state="verify", alg="none")]},
    "algorithm HS512": {"keys": [*good(), jwk("x", state="verify", alg="HS512")]},
    "asymmetric refresh key": {"keys": [*good(), jwk("x", "refresh", "verify", alg="RS256", kty="RSA")]},
    "HS256 with an RSA key": {"keys": [*good(), jwk("x", state="verify", kty="RSA")]},
    "RS256 with a secret": {"keys": [*good(), jwk("x", state="verify", alg="RS256")]},
    "kid a number": {"keys": [*good(), jwk(kid=5)]},  # type: ignore[arg-type]
    "kid empty": {"keys": [*good(), jwk(kid="")]},
    "k missing": {"keys": [jwk("r1", "refresh"), {n: v for n, v in jwk().items() if n != "k"}]},
    "k a number": {"keys": [jwk("r1", "refresh"), jwk(k=5)]},
    "k null": {"keys": [jwk("r1", "refresh"), jwk(k=None)]},
    "k empty": {"keys": [jwk("r1", "refresh"), jwk(k="")]},
    "k of 31 bytes": {"keys": [jwk("r1", "refresh"), jwk(k=encode_base64url(b"x" * 31))]},
    "k padded": {"keys": [jwk("r1", "refresh"), jwk(k=SECRET + "=")]},
    "k in base64, not base64url": {"keys": [jwk("r1", "refresh"), jwk(k="+" + SECRET[1:])]},
    "k with a newline": {"keys": [jwk("r1", "refresh"), jwk(k=SECRET + "\n")]},
    "k not canonical": {"keys": [jwk("r1", "refresh"), jwk(k=SECRET[:-1] + chr(ord(SECRET[-1]) + 1))]},
    "k not ASCII": {"keys": [jwk("r1", "refresh"), jwk(k="é" + SECRET)]},
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED.keys())
def test_refused(document: Any) -> None:
    """Each broken ring of the table is refused in one line that shows no secret."""
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(KeyRingError) as caught:
        KeyRing.from_json(text)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert SECRET[:12] not in message


def test_the_refused_rings_differ_from_a_good_one_in_one_thing() -> None:
    """Else the table above could refuse for another reason than its name says."""
    ring_of(*good())
    ring_of(*good(), jwk("x", state="verify"), jwk("y", "refresh", "retired"))


def test_nothing_printed_shows_a_secret() -> None:
    """A printed ring, key or list of keys shows no secret in any spelling."""
    ring = ring_of(*good())
    shown = [repr(ring), str(ring), repr(ring.keys), str(ring.active(ACCESS)), f"{ring.active(REFRESH)!r}"]
    for key in ring.keys:
        for text in shown:
            assert str(key.jwk["k"]) not in text
            assert repr(key.secret) not in text


@pytest.mark.parametrize("raw", [b"", b"\0", b"\xff" * 3, b"abcd"])
def test_base64url_round_trip(raw: bytes) -> None:
    """Bytes are the same after encoding and decoding."""
    assert decode_base64url(encode_base64url(raw)) == raw


def test_every_ending_is_judged_as_the_standard_library_would_when_it_is_strict() -> None:
    """All endings of one to three characters. Every accepted one is the only spelling of its value."""
    letters = "".join(map(chr, range(128))) + "é"
    endings = [a + b for a in ["", *letters] for b in letters] + ["A" + a + b for a in letters for b in letters]
    accepted = 0
    for ending in endings:
        try:
            raw = decode_base64url("abcd" + ending)
        except ValueError:
            continue
        assert base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == "abcd" + ending
        accepted += 1
    assert accepted == 256 + 256 * 4  # one byte more; two bytes more whose first six bits are zero


@pytest.mark.parametrize(
    "text", ["A", "AA=", "AA==", "AB", "AAB", "A A", "AA\n", "A+", "A/", "é", "AAAAA", "=", "A-_\0"]
)
def test_other_spellings_are_refused(text: str) -> None:
    """Padding, loose bits and characters of other alphabets are refused."""
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError will do
        decode_base64url(text)
