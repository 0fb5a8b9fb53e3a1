"""Take a token apart for a reader: which kind each claim is, which claims are moments, what the parts say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["registered", "public", "private"]

REGISTERED = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti")
"""RFC 7519 section 4.1."""

PUBLIC = frozenset(
    "name given_name family_name middle_name nickname preferred_username profile picture website email email_verified "
    "gender birthdate zoneinfo locale phone_number phone_number_verified address updated_at".split()
)
"""Names of the IANA registry that speak of a person (RFC 7519 section 4.2), as far as one meets them."""

INSTANTS = frozenset({"exp", "nbf", "iat", "auth_time", "updated_at"})
"""Claims that are moments (NumericDate, Unix seconds)."""

LAST_INSTANT = 253402300799
"""The end of the year 9999; a later number is not shown as a date."""


class Claim(NamedTuple):
    """One claim, or one member of a header."""

    name: str
    value: Any
    kind: Kind
    instant: int | None = None
    """The moment it names, Unix seconds, where it names one that a calendar has."""


def explain(payload: Mapping[str, Any]) -> list[Claim]:
    """The claims in the order a reader wants them: registered, public, private, each as the token has them."""
    claims = [Claim(name, value, claim_kind(name), instant_of(name, value)) for name, value in payload.items()]
    order = ("registered", "public", "private")
    return sorted(claims, key=lambda claim: order.index(claim.kind))


def claim_kind(name: str) -> Kind:
    """Registered and public names mean the same everywhere; a private one is agreed between two parties.

    A name with an address in front is public: who owns the address owns the name.
    """
    if name in REGISTERED:
        return "registered"
    return "public" if name in PUBLIC or "://" in name else "private"


def instant_of(name: str, value: Any) -> int | None:
    """The moment a claim names, in whole seconds; None where it is no moment or beyond any calendar."""
    if name not in INSTANTS or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value <= LAST_INSTANT else None
