"""Take a token apart for a reader: which kind each claim is, which claims are moments, what the parts say."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from webapp.core.inspector.token_texts import MAX_TEXT, kind_of, token_in
from webapp.core.lifetimes import IAT_LEEWAY

Kind = Literal["registered", "public", "private"]

REGISTERED = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti")
"""RFC 7519 section 4.1."""

PUBLIC = frozenset(
    "name given_name family_name middle_name nickname preferred_username profile picture website email email_verified "
    "gender birthdate zoneinfo locale phone_number phone_number_verified address updated_at azp nonce auth_time "
    "at_hash c_hash acr amr sub_jwk cnf sid events scope client_id act may_act roles groups entitlements txn".split()
)
"""Names that others have registered with IANA since (RFC 7519 section 4.2), as far as one meets them."""

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


def by_kind(claims: Iterable[Claim]) -> list[tuple[Kind, list[Claim]]]:
    """What `explain` gave, each kind with its claims."""
    return [(kind, list(some)) for kind, some in groupby(claims, key=attrgetter("kind"))]


def claim_kind(name: str) -> Kind:
    """Registered by RFC 7519 itself (section 4.1), public (4.2) or private (4.3).

    A public name is registered with IANA, or contains an address, whose owner owns the name.
    """
    if name in REGISTERED:
        return "registered"
    return "public" if name in PUBLIC or "://" in name else "private"


def instant_of(name: str, value: Any) -> int | None:
    """The moment a claim names, in whole seconds; None where it is no moment or beyond any calendar.

    Milliseconds and numbers written as text are read for what they are meant to be, and `findings` says so.
    """
    if name not in INSTANTS:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    seconds = value / 1000 if is_in_milliseconds(value) else value
    return int(seconds) if 0 <= seconds <= LAST_INSTANT else None


def is_in_milliseconds(value: Any) -> bool:
    """Is this a time in milliseconds? As seconds it would be after the year 5000."""
    return type(value) in (int, float) and FIRST_MILLISECONDS <= value <= LAST_INSTANT * 1000


FIRST_MILLISECONDS = 100_000_000_000
"""March 1973 in milliseconds, the year 5138 in seconds."""
MAX_DEPTH = 32
"""Levels of nesting shown; nobody's claims go deeper."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A pasted text, taken apart as far as it goes."""

    segments: tuple[str, ...]
    header: dict[str, Any] | None
    payload: dict[str, Any] | None
    problem: str | None
    """Why it cannot be taken apart: empty, too_long, header, payload or a kind of `kind_of`; None if it can."""


def take_apart(text: str) -> Parts:
    """Split and decode a compact JWS (RFC 7515 section 7.1), leniently: to see what it says, not to trust it."""
    if len(text) > MAX_TEXT:
        return Parts((), None, None, "too_long")
    text = token_in(text)
    if not text:
        return Parts((), None, None, "empty")
    segments = tuple(text.split("."))
    header = parse_leniently(_decoded(segments[0]))
    payload = parse_leniently(_decoded(segments[1])) if len(segments) > 1 else None
    problem = kind_of(text, segments, header)
    if problem is None and header is None:
        problem = "header"
    elif problem is None and payload is None:
        problem = "payload"
    return Parts(segments, header, payload, problem)


def _decoded(segment: str) -> str:
    segment = segment.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        return ""


def parse_leniently(text: str) -> dict[str, Any] | None:
    """The JSON object in `text`. None if it is none, has a number out of range, or is nested deeper than MAX_DEPTH."""
    try:
        value = _LENIENT.decode(text)
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


_LENIENT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


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


def json_text(value: Any, *, indent: bool = False) -> str:
    """Readable JSON. A lone surrogate is escaped, because it cannot be encoded as UTF-8."""
    return (_INDENTED if indent else _FLAT).encode(value).encode("utf-8", "backslashreplace").decode()


# Made once, because `json.dumps` makes one for each value that is not written in its usual way.
_FLAT, _INDENTED = json.JSONEncoder(ensure_ascii=False), json.JSONEncoder(ensure_ascii=False, indent=2)


def findings(parts: Parts, now: int) -> list[str]:
    """Problems that every reader of a token should notice, regardless of its issuer, as stable codes."""
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
    times = [payload[name] for name in ("exp", "nbf", "iat") if name in payload]
    if any(is_in_milliseconds(time) for time in times):
        found.append("in_milliseconds")
    if any(isinstance(time, str) for time in times):
        found.append("time_as_text")
    if any("=" in segment for segment in parts.segments):
        found.append("padded")
    if any("+" in segment or "/" in segment for segment in parts.segments):
        found.append("other_alphabet")
    if "typ" not in header:
        found.append("untyped")
    if "aud" not in payload:
        found.append("for_anybody")
    return found


DANGEROUS = frozenset({"jku", "jwk", "x5u", "x5c"})
"""Header members that bring the key along. A forger of the token forges them too (RFC 8725 section 3.10)."""


def _passed(instant: Any, now: int) -> bool:
    return isinstance(instant, (int, float)) and not isinstance(instant, bool) and instant <= now
