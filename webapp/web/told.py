"""Lines that an operator gets once, or once a minute. A stranger who can cause one at will must not fill the disk."""

from __future__ import annotations

MOST = 50
"""Different things of one kind that one process tells. Those that strangers choose leave room for the others."""

EVERY = 60
"""Seconds between two lines of one kind that are repeated."""

_told: set[tuple[str, str]] = set()
_last: dict[str, int] = {}
"""When a line of a kind was last written (Unix seconds)."""


def is_news(kind: str, what: str = "") -> bool:
    """Is this the first time, and is there still room to say it?"""
    if (kind, what) in _told or sum(known == kind for known, _what in _told) >= MOST:
        return False
    _told.add((kind, what))
    return True


def is_due(kind: str, now: int) -> bool:
    """Has this process written no line of this kind for a minute?"""
    last = _last.get(kind)
    if last is not None and abs(now - last) < EVERY:  # a clock that was set back must not silence it
        return False
    _last[kind] = now
    return True
