"""What a token says: its claims as objects, read strictly. Missing claims are never defaulted.

And the verifier's verdict on it, so that tokens can be judged without importing PyJWT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, NamedTuple, TypeVar

from webapp.core.decision import TokenState
from webapp.core.text import is_storable

_MAX_NUMBER = 2**53
"""Largest number JSON carries exactly; a later `exp` makes no sense and would overflow date arithmetic."""


class Refusal(StrEnum):
    """Why a token is INVALID: a fixed phrase that contains no input."""

    TOO_LONG = "too long"
    NOT_THREE_PARTS = "not three parts"
    NOT_BASE64URL = "not canonical base64url"
    NOT_JSON = "not a JSON object"
    REPEATED_NAME = "repeated name in JSON"
    HEADER_MEMBERS = "header members other than alg, kid, typ"
    WRONG_TYPE = "wrong type of token"
    UNKNOWN_KEY = "unknown key"
    WRONG_ALGORITHM = "algorithm is not the key's"
    WRONG_SIGNATURE = "wrong signature"
    WRONG_ISSUER = "wrong issuer"
    WRONG_AUDIENCE = "wrong audience"
    CLAIM = "missing or mistyped claim"
    UNSTORABLE_TEXT = "text that cannot be stored"
    EXPIRES_EARLY = "expires before it was issued"
    LIVES_TOO_LONG = "lives longer than our tokens"
    FROM_THE_FUTURE = "issued in the future"
    NOT_YET_VALID = "not valid yet"
    UNREADABLE = "unreadable"


class Invalid(Exception):
    """A token was refused: `refusal` says why, `claim` which claim it was about, if one."""

    def __init__(self, refusal: Refusal, claim: str = "") -> None:
        super().__init__(f"{refusal}: {claim}" if claim else refusal.value)
        self.refusal = refusal
        self.claim = claim


class AccessClaims(NamedTuple):
    """Who the user is, for as long as an access token lives."""

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    jti: str
    name: str
    email: str
    preferences: Mapping[str, Any]
    role: str
    sid: str
    gen: int
    auth_time: int


class RefreshClaims(NamedTuple):
    """Good only for renewing; its record stands in the session row."""

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    jti: str
    sid: str
    gen: int


C = TypeVar("C", AccessClaims, RefreshClaims, covariant=True)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[C]):
    """The verifier's answer. `claims` are there exactly when the token is authentic (VALID or EXPIRED)."""

    state: TokenState
    claims: C | None = None
    refusal: Refusal | None = None
    """Why it is INVALID."""
    claim: str = ""
    """The claim that the refusal is about, if one."""

    @property
    def reason(self) -> str | None:
        """The refusal in words, for the trail."""
        return str(Invalid(self.refusal, self.claim)) if self.refusal else None


ABSENT: Final[Verdict[Any]] = Verdict(TokenState.ABSENT)


def preferences_claim(issuer: str) -> str:
    """The namespaced name of the one claim of ours that others might use too (RFC 7519 section 4.2)."""
    return f"{issuer}/claims/preferences"


def access_claims(payload: Mapping[str, Any], issuer: str) -> AccessClaims:
    """An access token's claims. Raises Invalid if one is missing or of the wrong type."""
    preferences = payload.get(preferences_claim(issuer))
    if not isinstance(preferences, dict):
        raise Invalid(Refusal.CLAIM, "preferences")
    return AccessClaims(
        **_registered(payload),
        name=_text(payload, "name", empty=True),
        email=_text(payload, "email"),
        preferences=preferences,
        role=_text(payload, "role"),
        sid=_text(payload, "sid"),
        gen=whole_number(payload, "gen"),
        auth_time=whole_number(payload, "auth_time"),
    )


def refresh_claims(payload: Mapping[str, Any]) -> RefreshClaims:
    """A refresh token's claims. Raises Invalid if one is missing or of the wrong type."""
    return RefreshClaims(**_registered(payload), sid=_text(payload, "sid"), gen=whole_number(payload, "gen"))


def whole_number(payload: Mapping[str, Any], name: str) -> int:
    """A claim that is a whole number, not negative. Raises Invalid."""
    value = payload.get(name)
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:  # bool is an int to isinstance
        raise Invalid(Refusal.CLAIM, name)
    return value


def demand_storable(value: object) -> None:
    """Raise Invalid if a text anywhere in `value` holds a NUL or a lone surrogate.

    JSON can spell both (`\\u0000`, `\\ud800`), and a database driver raises an error on either. So a token signed with
    a key of ours would be a 500 instead of a 401.
    """
    if isinstance(value, str):
        if not is_storable(value):
            raise Invalid(Refusal.UNSTORABLE_TEXT)
    elif isinstance(value, dict):
        for name, inner in value.items():
            demand_storable(name)
            demand_storable(inner)
    elif isinstance(value, list):
        for inner in value:
            demand_storable(inner)


def _registered(payload: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: _text(payload, name) for name in ("iss", "sub", "aud", "jti")}
    return texts | {name: whole_number(payload, name) for name in ("exp", "iat")}


def _text(payload: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise Invalid(Refusal.CLAIM, name)
    return value
