"""Whose token is this? Cookies know no ports, and another application on this host may have an `access_token`, too."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from webapp.core.base64url import decode_base64url
from webapp.core.lifetimes import MAX_TOKEN_LENGTH
from webapp.core.strict_json import NotStrictJson, read_object

_JOINED = re.compile(r", ?[!#$%&'*+.^_`|~0-9A-Za-z-]+=")
"""Several cookies in one: a server in between has joined fields with a comma (RFC 9113 section 8.2.3)."""


def is_a_neighbours(text: str | None, issuer: str, kids: Container[str]) -> bool:
    """Is this visibly not ours to clear? Never raises.

    It has the form of a signed or encrypted token, by none of our keys (`kids`), and does not name `issuer`. Nothing is
    verified, because the answer decides about the cookie alone. An unreadable one is not taken for a neighbour's,
    since a spoilt token of ours looks so; but nothing of ours is spoilt where cookies were joined on the way.
    """
    if not text or len(text) > 2 * MAX_TOKEN_LENGTH:
        return False
    if _JOINED.search(text):
        return True
    parts = text.split(".")
    header = _object(parts[0])
    if header is None or len(parts) not in (3, 5) or str(header.get("kid")) in kids:
        return False
    if len(parts) == 5 or "alg" not in header:  # encrypted (RFC 7516); or a signed cookie in another form
        return _object(parts[1]) is None or len(parts) == 5
    claims = _object(parts[1])
    return claims is not None and claims.get("iss") != issuer


def _object(segment: str) -> dict[str, Any] | None:
    try:
        return read_object(decode_base64url(segment.rstrip("=")))
    except (ValueError, NotStrictJson):
        return None
