"""Taking tokens apart: what a reader is told, and that no pasted text whatever makes it stumble."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.inspector.take_apart import (
    MAX_DEPTH,
    claim_kind,
    explain,
    findings,
    instant_of,
    json_text,
    read_object,
    take_apart,
)
from webapp.core.keys import encode_base64url

NOW = 1_800_000_000


def token(header: object = None, payload: object = None) -> str:
    head = json.dumps({"alg": "HS256"} if header is None else header)
    body = json.dumps({"sub": "me"} if payload is None else payload)
    return ".".join(encode_base64url(part.encode()) for part in (head, body)) + ".c2ln"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("iss", "registered"),
        ("jti", "registered"),
        ("email", "public"),
        ("https://a.example/x", "public"),
        ("role", "private"),
        ("sid", "private"),
    ],
)
def test_the_three_kinds(name: str, kind: str) -> None:
    assert claim_kind(name) == kind


def test_claims_are_ordered_by_kind() -> None:
    claims = explain({"role": "user", "email": "a@example.com", "exp": NOW, "iss": "x"})
    assert [claim.name for claim in claims] == ["exp", "iss", "email", "role"]
    assert claims[0].instant == NOW


@pytest.mark.parametrize("value", [True, "1", None, -1, 10**18, float("inf"), [NOW]])
def test_what_is_no_moment_is_not_shown_as_one(value: object) -> None:
    assert instant_of("exp", value) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("Bearer ", "empty"),
        ("x" * 20_000, "too_long"),
        ("a.b", "not_three"),
        ("a.b.c.d", "not_three"),
        (f"{encode_base64url(b'[]')}.e30.x", "header"),
        (f"e30.{encode_base64url(b'7')}.x", "payload"),
        ("e30.é.x", "payload"),
        (f"e30.{encode_base64url(bytes([255, 254]))}.x", "payload"),
        (f"e30.{encode_base64url(b'NaN')}.x", "payload"),
        ("e30.e30.x", None),
        ("Bearer e30.e30.x", None),
        ("e30.\n e30.x", None),
    ],
)
def test_where_a_text_cannot_be_taken_apart(text: str, problem: str | None) -> None:
    assert take_apart(text).problem == problem


def test_too_deep_and_too_large_is_not_read() -> None:
    assert read_object('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1)) is None
    assert read_object("[" * 100_000) is None
    assert read_object('{"a":' + "9" * 5000 + "}") is None
    assert read_object('{"a":' + "[" * 20 + "]" * 20 + "}") is not None


@pytest.mark.parametrize(
    ("header", "payload", "found"),
    [
        ({"alg": "none"}, {}, "unsigned"),
        ({}, {}, "unsigned"),
        ({"alg": "HS256", "jku": "x"}, {}, "key_inside"),
        ({"alg": "HS256"}, {}, "never_expires"),
        ({"alg": "HS256"}, {"exp": NOW}, "expired"),
        ({"alg": "HS256"}, {"nbf": NOW + 1}, "not_yet"),
        ({"alg": "HS256"}, {"iat": NOW + 61}, "from_the_future"),
        ({"alg": "HS256"}, {}, "untyped"),
        ({"alg": "HS256"}, {}, "for_anybody"),
    ],
)
def test_what_is_worth_noticing(header: dict[str, object], payload: dict[str, object], found: str) -> None:
    assert found in findings(take_apart(token(header, payload)), NOW)


def test_a_good_token_gives_no_cause_for_remarks() -> None:
    good = token({"alg": "HS256", "typ": "at+jwt"}, {"exp": NOW + 1, "iat": NOW + 60, "nbf": NOW, "aud": "x"})
    assert findings(take_apart(good), NOW) == []


@given(st.text(max_size=400))
def test_no_text_makes_it_raise(text: str) -> None:
    parts = take_apart(text)
    findings(parts, NOW)
    explain(parts.payload or {})


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_whatever_is_in_it_can_be_shown(value: object) -> None:
    """Half surrogates included: the page is sent as UTF-8."""
    read = read_object(json.dumps({"a": value, "\ud800": "\udc00"}))
    if read is not None:
        json_text(read, indent=2).encode()
        findings(take_apart(token(read, read)), NOW)
