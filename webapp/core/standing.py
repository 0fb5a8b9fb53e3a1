"""What the database knows of a presented refresh token.

Rotation alone is too strict, because answers get lost and an honest browser comes back with the token it still has. So
the row remembers one parent. *Confirmation* means that the successor has been used. Until then the parent stays valid
without limit. After that it is accepted for the grace period only, for requests already under way.
"""

from __future__ import annotations

from enum import StrEnum

from webapp.core.session import SessionRow


class Standing(StrEnum):
    CURRENT = "current"
    SUPERSEDED = "superseded"
    """The parent of a successor that nobody has used yet."""
    IN_GRACE = "in grace"
    """The parent of a successor first used no longer than the grace ago."""
    REUSED = "reused"
    UNKNOWN = "unknown"


def classify(gen: int, jti: str, row: SessionRow, *, now: int, grace: int) -> Standing:
    """Compare the refresh token (`gen`, `jti`) with its session's row.

    `now` is Unix seconds, `grace` seconds. The caller has made sure that the token is authentic and that `sid`,
    `sub` and channel are the row's.
    """
    generation = row.refresh_generation
    if gen == generation:
        return Standing.CURRENT if jti == row.refresh_jti else Standing.UNKNOWN
    if gen == generation - 1:
        if jti != row.previous_refresh_jti:
            return Standing.UNKNOWN
        if row.refresh_confirmed_at is None:
            return Standing.SUPERSEDED
        return Standing.IN_GRACE if now - row.refresh_confirmed_at <= grace else Standing.REUSED
    # Older generations' jtis are not kept: the signature vouches for them, and their time is long over.
    return Standing.REUSED if gen <= generation - 2 else Standing.UNKNOWN
