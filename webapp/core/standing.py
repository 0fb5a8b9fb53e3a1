"""What the database knows of a presented refresh token.

Rotation alone is too strict: answers get lost, and an honest browser comes back with the token it still holds. So
the row remembers one parent, and *confirmation* (the successor has been seen) decides how long that parent is
honest: until the successor's first use without limit, after it for the grace only, for requests already in flight.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    CURRENT = "current"
    SUPERSEDED = "superseded"
    """The parent of a successor that nobody has used yet."""
    IN_GRACE = "in grace"
    """The parent of a successor first used no longer than the grace ago."""
    REUSED = "reused"
    UNKNOWN = "unknown"


class RefreshRecord(Protocol):
    """The columns of a session row that speak of its refresh token."""

    @property
    def refresh_generation(self) -> int: ...
    @property
    def refresh_jti(self) -> str: ...
    @property
    def previous_refresh_jti(self) -> str | None: ...
    @property
    def refresh_confirmed_at(self) -> int | None: ...


def classify(gen: int, jti: str, record: RefreshRecord, *, now: int, grace: int) -> Standing:
    """Place the refresh token (`gen`, `jti`) against its session's row.

    `now` is Unix seconds, `grace` seconds. The caller has made sure that the token is authentic and that `sid`,
    `sub` and channel are the row's.
    """
    generation = record.refresh_generation
    if gen == generation:
        return Standing.CURRENT if jti == record.refresh_jti else Standing.UNKNOWN
    if gen == generation - 1:
        if jti != record.previous_refresh_jti:
            return Standing.UNKNOWN
        if record.refresh_confirmed_at is None:
            return Standing.SUPERSEDED
        return Standing.IN_GRACE if now - record.refresh_confirmed_at <= grace else Standing.REUSED
    # Older generations' jtis are not kept: the signature vouches for them, and their time is long over.
    return Standing.REUSED if gen <= generation - 2 else Standing.UNKNOWN
