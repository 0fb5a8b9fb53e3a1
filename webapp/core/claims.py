"""What a token says: its claims as objects, read strictly. Missing claims are never defaulted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_MAX_INSTANT = 2**53
"""Largest number JSON carries exactly; a later `exp` is nonsense and would overflow date arithmetic."""


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


class Invalid(Exception):
    """A token was refused; the text is a fixed phrase that holds nothing of the token."""


def preferences_claim(issuer: str) -> str:
    """The namespaced name of the one claim of ours that others might use too (RFC 7519 section 4.2)."""
    return f"{issuer}/claims/preferences"


def access_claims(payload: Mapping[str, Any], issuer: str) -> AccessClaims:
    """An access token's claims. Raises Invalid if one is missing or of the wrong type."""
    preferences = payload.get(preferences_claim(issuer))
    if not isinstance(preferences, dict):
        raise Invalid("missing or mistyped claim: preferences")
    return AccessClaims(
        **_registered(payload),
        name=_text(payload, "name", empty=True),
        email=_text(payload, "email"),
        preferences=preferences,
        role=_text(payload, "role"),
        sid=_text(payload, "sid"),
        gen=instant(payload, "gen"),
        auth_time=instant(payload, "auth_time"),
    )


def refresh_claims(payload: Mapping[str, Any]) -> RefreshClaims:
    """A refresh token's claims. Raises Invalid if one is missing or of the wrong type."""
    return RefreshClaims(**_registered(payload), sid=_text(payload, "sid"), gen=instant(payload, "gen"))


def instant(payload: Mapping[str, Any], name: str) -> int:
    """A claim that is a whole number, not negative. Raises Invalid."""
    value = payload.get(name)
    if type(value) is not int or not 0 <= value <= _MAX_INSTANT:  # bool is an int to isinstance
        raise Invalid(f"missing or mistyped claim: {name}")
    return value


def _registered(payload: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: _text(payload, name) for name in ("iss", "sub", "aud", "jti")}
    return texts | {name: instant(payload, name) for name in ("exp", "iat")}


def _text(payload: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise Invalid(f"missing or mistyped claim: {name}")
    return value
