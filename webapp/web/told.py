"""Lines that an operator gets once. A stranger who can cause one at will must not fill the disk with it."""

from __future__ import annotations

MOST = 50
"""Different things of one kind that one process tells. Those that strangers choose leave room for the others."""

_told: set[tuple[str, str]] = set()


def is_news(kind: str, what: str = "") -> bool:
    """Is this the first time, and is there still room to say it?"""
    if (kind, what) in _told or sum(known == kind for known, _what in _told) >= MOST:
        return False
    _told.add((kind, what))
    return True
