"""What the database knows of a presented refresh token.

Rotation alone is too strict, because answers get lost and an honest browser comes back with the token it still has. So
the row remembers one parent. *Confirmation* means that the successor has been used. Until then the parent stays valid.
After that it is accepted for the grace period only, for requests already under way.

Handing out the *same* successor again and again would let a thief and the owner share a session to its end. Both would
hold the one token that counts. So after a short burst, in which parallel tabs need the same one, a repeated request
gets another successor (a fork). The one before is *abandoned*. It may still renew until its better is used; from then
on it is nothing. It is never reuse, because an honest browser holds one when a late answer overwrote a newer one.
"""

from __future__ import annotations

from enum import StrEnum

from webapp.core.lifetimes import MOST_FORKS, REDELIVERY_BURST, SKEW
from webapp.core.session import SessionRow


class Standing(StrEnum):
    CURRENT = "current"
    SUPERSEDED = "superseded"
    """Older than a successor that nobody has used yet: its parent, or an abandoned one."""
    IN_GRACE = "in grace"
    """Older than a successor that was first used no longer than the grace ago."""
    ABANDONED = "abandoned"
    """A successor whose better is in use, or a token that would need more forks than there are."""
    REUSED = "reused"
    UNKNOWN = "unknown"


def classify(gen: int, jti: str, row: SessionRow, *, now: int, grace: int) -> Standing:
    """Compare the refresh token (`gen`, `jti`) with its session's row.

    `now` is Unix seconds, `grace` seconds. The caller has made sure that the token is authentic and that `sid`,
    `sub` and channel are the row's.
    """
    behind = row.refresh_generation - gen
    if behind >= 2:
        # Older generations' jtis are not kept, because the signature proves them and their time is long over.
        return Standing.REUSED
    if behind == 0 and jti == row.refresh_jti:
        return Standing.CURRENT
    is_parent = behind == 1 and jti == row.previous_refresh_jti
    is_abandoned = behind == 0 and row.refresh_forks > 0
    if not (is_parent or is_abandoned):
        return Standing.ABANDONED if behind == 1 else Standing.UNKNOWN
    if row.refresh_confirmed_at is None:
        may_fork = row.refresh_forks < MOST_FORKS
        return Standing.SUPERSEDED if may_fork or is_in_burst(row, now) else Standing.ABANDONED
    if now - row.refresh_confirmed_at <= grace + SKEW:
        return Standing.IN_GRACE
    return Standing.REUSED if is_parent else Standing.ABANDONED


def is_in_burst(row: SessionRow, now: int) -> bool:
    """Whether the row's refresh token was made so short a time ago that the very same one goes out again.

    On a host that is behind it was made in the future, and that is in the burst too.
    """
    return now - row.refresh_issued_at <= REDELIVERY_BURST
