"""What an operator is told once. Whoever can cause such a line at will must not fill the disk with it."""

from __future__ import annotations

MOST = 50
"""Different things that one process tells."""

_told: set[tuple[str, str]] = set()


def is_news(kind: str, what: str = "") -> bool:
    """Is this the first time, and is there still room to say it?"""
    if (kind, what) in _told or len(_told) >= MOST:
        return False
    _told.add((kind, what))
    return True
