"""Read token cookies from the raw `Cookie` header, strictly.

A lenient parser stops at a neighbour it cannot read, decodes quoting, or silently picks one of two equal names. Each of
these lets a party that can set some cookie (a sibling subdomain, an old path) hide or replace ours.
"""

from __future__ import annotations

from typing import NamedTuple


class SentCookie(NamedTuple):
    """What the header says of one cookie name."""

    value: str | None
    """The raw value. None: not sent. Empty: sent more than once, and so no valid token."""
    duplicate: bool = False


NOT_SENT = SentCookie(None)


def read_cookies(header: str | None, names: tuple[str, ...]) -> dict[str, SentCookie]:
    """Find `names` (compared exactly, case included) in a Cookie header. Never raises."""
    found = dict.fromkeys(names, NOT_SENT)
    if not header:
        return found
    for part in header.split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if equals and name in found:
            seen = found[name]
            repeated = seen.value is not None
            found[name] = SentCookie("", duplicate=True) if repeated else SentCookie(value)
    return found
