"""Read token cookies from the raw `Cookie` header, strictly.

A lenient parser stops at a neighbour it cannot read, decodes quoting, or silently picks one of two equal names: each
lets whoever can set some cookie (a sibling subdomain, an old path) hide or replace ours.
"""

from __future__ import annotations

from typing import NamedTuple


class SentCookie(NamedTuple):
    """What the header says of one cookie name."""

    value: str | None
    """The raw value; None if the name is absent, empty (so: no token at all) if it came more than once."""
    duplicate: bool = False


ABSENT = SentCookie(None)


def read_cookies(header: str | None, names: tuple[str, ...]) -> dict[str, SentCookie]:
    """Find `names` (compared exactly, case included) in a Cookie header. Never raises."""
    found = dict.fromkeys(names, ABSENT)
    if not header:
        return found
    for part in header.split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if equals and name in found:
            seen = found[name]
            repeated = seen.value is not None
            found[name] = SentCookie("", duplicate=True) if repeated else SentCookie(value)
    return found
