"""A new authenticator app, between the page that shows its secret and the form that proves a code.

The secret travels in a hidden field, sealed for one person, so nothing unfinished is stored.
"""

from __future__ import annotations

from webapp.core import totp
from webapp.core.sealing import CannotOpen, Safe

LIFE = 15 * 60
"""Seconds from the page to the form."""
_CLOCK_BYTES = 8


def draw(safe: Safe, user_id: str, now: int) -> str:
    """A new secret, sealed for this person."""
    return safe.seal(now.to_bytes(_CLOCK_BYTES) + totp.new_secret(), _belongs_to(user_id))


def open_drawn(safe: Safe, sealed: str, user_id: str, now: int) -> bytes | None:
    """The secret of a form field; None if it was drawn for another user, too long ago, or never."""
    try:
        plain = safe.open(sealed, _belongs_to(user_id))
    except CannotOpen:
        return None
    drawn_at = int.from_bytes(plain[:_CLOCK_BYTES])
    return plain[_CLOCK_BYTES:] if 0 <= now - drawn_at <= LIFE else None


def _belongs_to(user_id: str) -> str:
    return f"enrol:{user_id}"
