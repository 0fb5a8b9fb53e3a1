"""Take a token apart for a reader: which kind each claim is, which claims are moments, what the parts say."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from webapp.core.lifetimes import IAT_LEEWAY

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


MAX_TEXT = 16_384
"""Characters of a pasted token that are looked at."""
MAX_DEPTH = 32
"""Levels of nesting shown; nobody's claims go deeper."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A pasted text, taken apart as far as it goes."""

    segments: tuple[str, ...]
    header: dict[str, Any] | None
    payload: dict[str, Any] | None
    problem: str | None
    """Why it cannot be taken apart: empty, too_long, not_three, header, payload; None if it can."""


def take_apart(text: str) -> Parts:
    """Split and decode a compact JWS (RFC 7515 section 7.1), leniently: to see what it says, not to trust it."""
    text = re.sub(r"^Bearer(\s+|$)", "", text.strip())
    if not text:
        return Parts((), None, None, "empty")
    if len(text) > MAX_TEXT:
        return Parts((), None, None, "too_long")
    segments = tuple("".join(part.split()) for part in text.split("."))
    header = read_object(_decoded(segments[0]))
    payload = read_object(_decoded(segments[1])) if len(segments) > 1 else None
    problem = None
    if len(segments) != 3:
        problem = "not_three"
    elif header is None:
        problem = "header"
    elif payload is None:
        problem = "payload"
    return Parts(segments, header, payload, problem)


def _decoded(segment: str) -> str:
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        return ""


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object in `text`; None for anything else, for numbers no computer keeps, and for too deep a nest."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _depth(value) <= MAX_DEPTH else None


def _refuse(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("beyond any number")
    return number


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        if level > MAX_DEPTH:
            break
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((child, level + 1) for child in children)
    return deepest


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON for people: letters as letters, and half a surrogate pair, which no page can carry, as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode()


def findings(parts: Parts, now: int) -> list[str]:
    """What any reader should notice about a token, whoever issued it: stable words."""
    header, payload = parts.header or {}, parts.payload or {}
    algorithm = header.get("alg")
    found = []
    if not isinstance(algorithm, str) or algorithm.lower() == "none":
        found.append("unsigned")
    if DANGEROUS & set(header):
        found.append("key_inside")
    if "exp" not in payload:
        found.append("never_expires")
    elif _passed(payload["exp"], now):
        found.append("expired")
    if "nbf" in payload and not _passed(payload["nbf"], now):
        found.append("not_yet")
    if "iat" in payload and not _passed(payload["iat"], now + IAT_LEEWAY):
        found.append("from_the_future")
    if "typ" not in header:
        found.append("untyped")
    if "aud" not in payload:
        found.append("for_anybody")
    return found


DANGEROUS = frozenset({"jku", "jwk", "x5u", "x5c"})
"""Header members that bring the key along: whoever forges the token forges them too (RFC 8725 section 3.10)."""


def _passed(instant: Any, now: int) -> bool:
    return isinstance(instant, (int, float)) and not isinstance(instant, bool) and instant <= now
