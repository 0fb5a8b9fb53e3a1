"""The one verifier: hundreds of forged tokens, borders of time, and that it never raises."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.forge import ALPHABET, ISSUER, Forger, b64, sign_text, signed
from tests.support.forgeries import forgeries
from tests.support.rows import session_row
from webapp.core.claims import ABSENT, Verdict
from webapp.core.decision import TokenState
from webapp.core.key_ring import KeyRing
from webapp.core.keys import new_secret
from webapp.core.lifetimes import Lifetimes
from webapp.core.tokens import Tokens

FORGE = Forger.invented()
NOW = session_row().auth_time + 60
FORGED = {
    (purpose, name): text for purpose in ("access", "refresh") for name, text in forgeries(FORGE, purpose, NOW).items()
}


def verify(
    purpose: str, text: str | None, now: int = NOW, channel: str = "web", tokens: Tokens | None = None
) -> Verdict:  # type: ignore[type-arg]
    tokens = tokens or Tokens(FORGE.ring, ISSUER, Lifetimes())
    return getattr(tokens, f"verify_{purpose}")(text, channel, now)  # type: ignore[no-any-return]


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_the_good_token_is_good(purpose: str) -> None:
    """Also after being taken apart and put together again by the forger: so a forgery fails for its own reason."""
    for text in (FORGE.good[purpose], FORGE.claims(purpose), FORGE.header(purpose), FORGE.raw(purpose)):
        verdict = verify(purpose, text)
        assert (verdict.state, verdict.reason) == (TokenState.VALID, None)
        assert verdict.claims is not None
        row = session_row()
        assert (verdict.claims.sid, verdict.claims.sub, verdict.claims.gen) == (row.sid, row.user_id, 3)


@pytest.mark.parametrize(("purpose", "name"), list(FORGED), ids=[f"{p}: {n}"[:90] for p, n in FORGED])
def test_a_forged_token_is_invalid(purpose: str, name: str) -> None:
    """Each forged token is invalid, gives no claims and has a reason."""
    verdict = verify(purpose, FORGED[purpose, name])
    assert verdict.state is TokenState.INVALID
    assert verdict.claims is None
    assert verdict.reason


def test_there_are_more_than_a_hundred() -> None:
    """The table has more than 500 forgeries, and hardly two of the same text."""
    assert len(FORGED) > 500
    assert len(set(FORGED.values())) > 480


def test_a_reason_tells_nothing_of_the_token() -> None:
    """Reasons are few, short and fixed, and every forgery has a reason of its kind."""
    reasons = {verify(purpose, text).reason for (purpose, _), text in FORGED.items()}
    assert len(reasons) < 60
    assert all(len(str(reason)) < 80 and "\n" not in str(reason) for reason in reasons)
    assert "unreadable" not in reasons, "every refusal of the table has words of its own"


def test_no_token_is_absent_and_an_empty_one_is_not() -> None:
    """A missing token is absent, and an empty one is invalid."""
    assert verify("access", None) is ABSENT
    assert verify("access", "").state is TokenState.INVALID


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_every_flipped_bit_of_the_signature_is_seen(purpose: str) -> None:
    """A signature with any one bit changed is invalid."""
    good = FORGE.good[purpose]
    start = good.rindex(".") + 1
    for position in range(start, len(good)):
        for bit in range(6):
            char = ALPHABET[ALPHABET.index(good[position]) ^ (1 << bit)]
            assert verify(purpose, good[:position] + char + good[position + 1 :]).state is TokenState.INVALID


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_every_changed_character_is_seen(purpose: str) -> None:
    """Replaced, dropped or doubled, at every place of the token."""
    good = FORGE.good[purpose]
    dice = random.Random(1)
    for position, char in enumerate(good):
        other = dice.choice([c for c in ALPHABET if c != char])
        for text in (
            good[:position] + other + good[position + 1 :],
            good[:position] + good[position + 1 :],
            good[:position] + char + good[position:],
        ):
            assert verify(purpose, text).state is TokenState.INVALID


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_borders_of_time(purpose: str) -> None:
    """Each time claim is accepted to its last second and refused one second later."""
    expiry = FORGE.parts(purpose)[1]["exp"]
    good = FORGE.good[purpose]
    assert verify(purpose, good, expiry - 1).state is TokenState.VALID
    assert verify(purpose, good, expiry).state is TokenState.EXPIRED
    assert verify(purpose, good, expiry).claims is not None
    issued = FORGE.parts(purpose)[1]["iat"]
    assert verify(purpose, good, issued - 60).state is TokenState.VALID
    assert verify(purpose, good, issued - 61).state is TokenState.INVALID
    assert verify(purpose, FORGE.claims(purpose, nbf=NOW)).state is TokenState.VALID
    assert verify(purpose, FORGE.claims(purpose, nbf=0)).state is TokenState.VALID
    longest = 2**53 if purpose == "refresh" else issued + 600
    assert verify(purpose, FORGE.claims(purpose, exp=longest)).state is TokenState.VALID
    assert verify(purpose, FORGE.claims(purpose, gen=0)).state is TokenState.VALID


def test_a_remembered_token_is_judged_by_the_clock_again() -> None:
    """The memory of authentic tokens must not remember the time with them."""
    tokens = Tokens(FORGE.ring, ISSUER, Lifetimes())
    text = FORGE.claims("access", nbf=NOW + 5)
    expiry = FORGE.parts("access")[1]["exp"]
    expected = {NOW: "invalid", NOW + 5: "valid", expiry: "expired", NOW + 6: "valid", NOW + 4: "invalid"}
    assert {now: verify("access", text, now, tokens=tokens).state for now in expected} == expected


def test_a_remembered_token_opens_no_other_door() -> None:
    """A token whose signature is remembered stays invalid for another purpose or channel."""
    tokens = Tokens(FORGE.ring, ISSUER, Lifetimes())
    text = FORGE.good["refresh"]
    assert verify("refresh", text, tokens=tokens).state is TokenState.VALID
    assert verify("access", text, tokens=tokens).state is TokenState.INVALID
    assert verify("refresh", text, channel="api", tokens=tokens).state is TokenState.INVALID


def test_the_memory_is_bounded_and_holds_no_strangers() -> None:
    """The memory of signatures keeps to its size and contains authentic tokens only."""
    tokens = Tokens(FORGE.ring, ISSUER, Lifetimes(), remember=3)
    for number in range(10):
        assert verify("refresh", FORGE.claims("refresh", x=number), tokens=tokens).state is TokenState.VALID
        assert verify("refresh", FORGE.good["refresh"] + "x" * number, tokens=tokens).state
        assert len(tokens._authentic._found) <= 3
    assert all(not text.endswith("x") for _, _, text in tokens._authentic._found)


def test_longest_token() -> None:
    """3072 characters are read, one more is not."""
    for length, state in ((3072, TokenState.VALID), (3073, TokenState.INVALID)):
        header, payload = FORGE.parts("refresh")
        text = ""
        for filler in range(1000, 3000):
            text = signed(header, payload | {"x": "y" * filler}, FORGE.secret("refresh"))
            if len(text) >= length:
                break
        if len(text) != length:  # base64 skips one length in four; a wider header shifts it
            body = json.dumps(payload | {"x": "y" * 1500})
            for spaces in range(4):
                first = b64(json.dumps(header) + " " * spaces)
                rest = length - len(first) - 1 - 1 - 43
                size = rest * 3 // 4
                candidate = sign_text(f"{first}.{b64(body + ' ' * (size - len(body)))}", FORGE.secret("refresh"))
                text = candidate if len(candidate) == length else text
        assert len(text) == length
        assert verify("refresh", text).state is state


def test_the_longest_name_fits() -> None:
    """80 characters outside the BMP, the longest address and issuer: no token is longer than any that is read."""
    ring = KeyRing([new_secret("access", 1), new_secret("refresh", 1)])
    issuer = "https://" + "i" * 192
    tokens = Tokens(ring, issuer, Lifetimes())
    row = session_row(name="👩" * 80, email="e" * 242 + "@example.com", refresh_generation=2**31)
    text = tokens.mint_access(row, gen=2**31, now=NOW, auth_time=row.auth_time)
    assert len(text) <= 3072
    assert tokens.verify_access(text, "web", NOW).state is TokenState.VALID


def test_what_the_tokens_hold() -> None:
    """PROTOCOL section 3, to the letter."""
    header, payload = FORGE.parts("access")
    assert header == {"alg": "HS256", "kid": FORGE.ring.active("access").kid, "typ": "at+jwt"}
    row = session_row()
    assert payload == {
        "iss": ISSUER,
        "sub": row.user_id,
        "aud": f"{ISSUER}/web",
        "exp": row.auth_time + 600,
        "iat": row.auth_time,
        "jti": payload["jti"],
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        f"{ISSUER}/claims/preferences": {"theme": "auto", "language": "en"},
        "role": "user",
        "sid": row.sid,
        "gen": 3,
        "auth_time": row.auth_time,
        "amr": ["pwd"],
        "acr": "1fa",
    }
    header, payload = FORGE.parts("refresh")
    assert header == {"alg": "HS256", "kid": FORGE.ring.active("refresh").kid, "typ": "rt+jwt"}
    assert payload == {
        "iss": ISSUER,
        "sub": row.user_id,
        "aud": f"{ISSUER}/web/refresh",
        "exp": row.refresh_expires_at,
        "iat": row.refresh_issued_at,
        "jti": row.refresh_jti,
        "sid": row.sid,
        "gen": 3,
    }


def test_the_same_row_gives_the_same_refresh_token_and_every_access_token_is_new() -> None:
    """One row mints one refresh token, byte for byte, and a new access token each time."""
    tokens = Tokens(FORGE.ring, ISSUER, Lifetimes())
    row = session_row()
    assert tokens.mint_refresh(row) == tokens.mint_refresh(row) == FORGE.good["refresh"]
    assert tokens.mint_access(row, gen=3, now=NOW, auth_time=row.auth_time) != tokens.mint_access(
        row, gen=3, now=NOW, auth_time=row.auth_time
    )


def test_no_access_token_outlives_its_session() -> None:
    """An access token minted five seconds before the session's end lives five seconds."""
    tokens = Tokens(FORGE.ring, ISSUER, Lifetimes())
    text = tokens.mint_access(session_row(expires_at=NOW + 5), gen=3, now=NOW, auth_time=NOW)
    assert tokens.verify_access(text, "web", NOW + 4).state is TokenState.VALID
    assert tokens.verify_access(text, "web", NOW + 5).state is TokenState.EXPIRED


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_keys_that_only_verify_still_verify(purpose: str) -> None:
    """A replaced key still verifies, and a retired one does not."""
    for key in FORGE.ring.keys:
        if key.purpose == purpose:
            header, payload = FORGE.parts(purpose)
            text = signed(header | {"kid": key.kid}, payload, key.secret)
            expected = TokenState.INVALID if key.state == "retired" else TokenState.VALID
            assert verify(purpose, text).state is expected, key.state


def test_the_channels_are_two_doors() -> None:
    """An API token is valid on the API and invalid on pages."""
    tokens = Tokens(FORGE.ring, ISSUER, Lifetimes())
    api = session_row(channel="api")
    for text, purpose in (
        (tokens.mint_access(api, gen=3, now=NOW, auth_time=api.auth_time), "access"),
        (tokens.mint_refresh(api), "refresh"),
    ):
        assert verify(purpose, text, channel="api").state is TokenState.VALID
        assert verify(purpose, text, channel="web").state is TokenState.INVALID


tokenish = st.text(alphabet=st.sampled_from([*ALPHABET[::5], ".", "=", " ", "\0", "é", "\ud800", "e"]), max_size=200)
jsonish = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.one_of(st.text(), tokenish, st.binary().map(lambda raw: raw.decode("latin-1")), st.just("." * 500)))
def test_never_raises_on_any_text(text: str) -> None:
    """Any text is an invalid token and raises nothing."""
    for purpose in ("access", "refresh"):
        assert verify(purpose, text).state is TokenState.INVALID


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_never_raises_on_signed_bytes(header: bytes, payload: bytes) -> None:
    """Any content under a right signature gets a verdict and no exception."""
    for purpose in ("access", "refresh"):
        good_header = FORGE.parts(purpose)[0]
        for text in (
            signed(header, payload, FORGE.secret(purpose)),
            signed(good_header, payload, FORGE.secret(purpose)),
        ):
            assert verify(purpose, text).state is TokenState.INVALID


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "jti", "sid", "gen", "nbf", "x"]), jsonish))
def test_never_raises_on_signed_claims(changed: dict[str, object]) -> None:
    """Any value in any signed claim gives a verdict and raises nothing."""
    for purpose in ("access", "refresh"):
        verdict = verify(purpose, FORGE.claims(purpose, **changed))
        assert (verdict.claims is None) == (verdict.state is TokenState.INVALID)


@pytest.mark.parametrize("depth", [10, 500, 1000, 1100])
def test_never_raises_on_deep_nesting(depth: int) -> None:
    """However deep the parser can go: a claim unknown to us is ignored, too deep a one refused."""
    text = json.dumps(FORGE.parts("refresh")[1])
    for opening, closing in (("[", "]"), ('{"":', "}")):
        body = text[:-1] + ',"x":' + opening * depth + "1" + closing * depth + "}"
        verdict = verify("refresh", FORGE.raw("refresh", payload=body))
        assert verdict.state in (TokenState.VALID, TokenState.INVALID)


@pytest.mark.parametrize("thing", [b"bytes", 5, 1.5, [], {}, object()])
def test_never_raises_on_things_that_are_no_text(thing: object) -> None:
    """A value that is no text is an invalid token."""
    assert verify("access", thing).state is TokenState.INVALID  # type: ignore[arg-type]
