"""Taking tokens apart: what a reader is told, and that no pasted text whatever makes it stumble."""

from __future__ import annotations

import base64
import json
import time

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
    parse_leniently,
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
        ("sid", "public"),
        ("auth_time", "public"),
        ("gen", "private"),
    ],
)
def test_the_three_kinds(name: str, kind: str) -> None:
    """A claim is registered, public or private as RFC 7519 and IANA's list say."""
    assert claim_kind(name) == kind


def test_claims_are_ordered_by_kind() -> None:
    """Registered claims come first, then public, then private ones."""
    claims = explain({"role": "user", "email": "a@example.com", "exp": NOW, "iss": "x"})
    assert [claim.name for claim in claims] == ["exp", "iss", "email", "role"]
    assert claims[0].instant == NOW


@pytest.mark.parametrize("value", [True, "one", None, -1, 10**18, float("inf"), [NOW]])
def test_what_is_no_moment_is_not_shown_as_one(value: object) -> None:
    """A value that is no plausible number of seconds has no date."""
    assert instant_of("exp", value) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("Bearer ", "empty"),
        ("x" * 20_000, "too_long"),
        ("gho_16C7e42F292c6912E7710c838347Ae178B4a", "opaque"),
        ("a.b", "not_three"),
        ("eyJhbGciOiJIUzI1NiJ9", "not_three"),
        ("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.dGV4dA.dGFn", "encrypted"),
        ("v4.public.eyJkYXRhIjoi.x", "paseto"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJz…", "shortened"),
        ("eyJhbGciOi...x", "shortened"),
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
    """Each text is taken apart, or gets the problem in the table."""
    assert take_apart(text).problem == problem


TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"


@pytest.mark.parametrize(
    "pasted",
    [
        f"bearer {TOKEN}",
        f"BEARER   {TOKEN}\n",
        f"Authorization: Bearer {TOKEN}",
        f"authorization:bearer {TOKEN}",
        f'"{TOKEN}"',
        f"'{TOKEN}',",
        f"`{TOKEN}`",
        f"\u200b{TOKEN}\ufeff",
        "eyJhbGciOiJIUzI1NiJ9\u200b.e30.\u2060c2ln",
        f"\u00a0{TOKEN}\u3000",
        f'"Authorization": "Bearer {TOKEN}"',
        f"-H 'Authorization: Bearer {TOKEN}'",
        f"curl -H 'Authorization: Bearer {TOKEN}' https://api.example.com/me",
        f'{{"access_token": "{TOKEN}", "token_type": "Bearer"}}',
        f"access_token={TOKEN}",
        f"Cookie: theme=dark; access_token={TOKEN}; refresh_token=eyJ4.e30.x",
        f"Set-Cookie: __Host-access_token={TOKEN}; Path=/; HttpOnly",
        f"https://app.example.com/callback#id_token={TOKEN}&state=x",
        f"JWT {TOKEN}",
        "eyJhbGci\n  OiJIUzI1NiJ9.\ne30.c2ln",
        f"<{TOKEN}>",
    ],
)
def test_a_token_is_found_in_what_people_paste(pasted: str) -> None:
    """Whole header lines, cookies, JSON, quotes, line breaks, characters nobody sees."""
    assert ".".join(take_apart(pasted).segments) == TOKEN


def test_padding_and_the_other_alphabet_are_read_and_named() -> None:
    """A padded token in plain base64 is read, and both slips are named."""
    header = base64.b64encode(b'{"alg":"HS256","x":"\xc3\xbf\xc3\xbf>>"}').decode()
    payload = base64.b64encode(b'{"sub":"?>?"}').decode()
    assert header.endswith("=")
    assert "/" in payload + header or "+" in payload + header
    parts = take_apart(f"{header}.{payload}.c2ln")
    assert parts.problem is None
    assert {"padded", "other_alphabet"} <= set(findings(parts, NOW))


@pytest.mark.parametrize(
    ("value", "found", "instant"),
    [
        (NOW * 1000, "in_milliseconds", NOW),
        (str(NOW), "time_as_text", NOW),
        ("2027-01-15T08:00:00Z", "time_as_text", None),
        (NOW + 5, None, NOW + 5),
    ],
)
def test_times_in_milliseconds_or_as_text_are_noticed(value: object, found: str | None, instant: int | None) -> None:
    """The date is shown as it is meant, and the reader is told that a verifier reads another one."""
    parts = take_apart(token({"alg": "HS256", "typ": "JWT"}, {"exp": value, "aud": "x"}))
    assert findings(parts, NOW) == ([found] if found else [])
    assert instant_of("exp", value) == instant


def test_a_hostile_text_is_searched_in_no_time() -> None:
    """Text made to slow the search down takes less than 50 ms."""
    for text in ("ey" * 8000, "ey.=" * 4000, "=ey" * 5000, "a=" * 8000, "." * 16_000, "bearer " * 2000):
        started = time.process_time()
        take_apart(text)
        assert time.process_time() - started < 0.05


def test_too_deep_and_too_large_is_not_read() -> None:
    """JSON that is nested too deep or has a huge number is not read, and moderate JSON is."""
    assert parse_leniently('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1)) is None
    assert parse_leniently("[" * 100_000) is None
    assert parse_leniently('{"a":' + "9" * 5000 + "}") is None
    assert parse_leniently('{"a":' + "[" * 20 + "]" * 20 + "}") is not None


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
    """Each weakness of a token in the table is among the findings."""
    assert found in findings(take_apart(token(header, payload)), NOW)


def test_a_good_token_gives_no_cause_for_remarks() -> None:
    """A correct token has no findings."""
    good = token({"alg": "HS256", "typ": "at+jwt"}, {"exp": NOW + 1, "iat": NOW + 60, "nbf": NOW, "aud": "x"})
    assert findings(take_apart(good), NOW) == []


@given(st.text(max_size=400))
def test_no_text_makes_it_raise(text: str) -> None:
    """Any text is taken apart, searched and explained without an error."""
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
    """Half surrogates included, because the page is sent as UTF-8."""
    read = parse_leniently(json.dumps({"a": value, "\ud800": "\udc00"}))
    if read is not None:
        json_text(read, indent=2).encode()
        findings(take_apart(token(read, read)), NOW)
