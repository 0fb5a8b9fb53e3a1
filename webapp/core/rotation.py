"""The rules of rotation around the two tables: what renews, what confirms, what a request may take home.

Before the view a request is judged; by the time its view is through, other requests may have rotated the same token.
`hand_out` says what it gets then. `tests/model/` runs these very functions through every interleaving of requests,
answers and losses.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from webapp.core.claims import AccessClaims, Verdict
from webapp.core.decision import Outcome, TokenState
from webapp.core.session import SessionRow
from webapp.core.standing import Standing

REFRESHING = frozenset({Outcome.ROTATE, Outcome.RENEW, Outcome.REDELIVER, Outcome.ACCESS_ONLY})
"""Outcomes that have something to do after the view."""


class Refreshed(StrEnum):
    """What became of a refresh: shown, logged and counted."""

    ROTATED = "rotated"
    RENEWED = "renewed"
    REDELIVERED = "redelivered"
    """The same successor once more: nobody has used it yet, so its first answer may be lost."""
    ACCESS_ONLY = "access only"
    ENDED = "session ended"
    TOO_LATE = "too late"
    OVERTAKEN = "overtaken"
    TOO_OFTEN = "too many refreshes"


class Grant(NamedTuple):
    """What the client gets."""

    what: Refreshed
    access: bool = False
    """A new access token. Its `gen` is the row's; with ACCESS_ONLY it is the presented token's."""
    refresh: bool = False
    """The refresh token of the row's generation."""


def is_renewable(access: Verdict[AccessClaims], refresh_expiry: int, *, now: int, window: int) -> bool:
    """Whether this access token may vouch for an expired refresh token (case 3). Times in Unix seconds.

    It must be older than the refresh token's end: one that was stolen alone, or obtained later, can never grow into
    a refresh token.
    """
    if access.state is not TokenState.VALID or access.claims is None:
        return False
    return access.claims.iat <= refresh_expiry and now < refresh_expiry + window


def confirms(access: Verdict[AccessClaims], standing: Standing | None, row: SessionRow) -> bool:
    """Whether the client shows the current generation, by its refresh token or by an access token issued with it."""
    if standing is Standing.CURRENT:
        return True
    return (
        access.state is TokenState.VALID and access.claims is not None and access.claims.gen == row.refresh_generation
    )


def hand_out(outcome: Outcome, *, rotated: bool, live: bool, late: bool, standing: Standing | None) -> Grant:
    """What a request gets whose `outcome` before the view was one of REFRESHING.

    `rotated`: this request's UPDATE won. `live` and `standing` speak of the row as it is now and matter only if it
    did not. `late`: the view took longer than the grace. REUSED is never REUSE here: the request was judged honest
    before the view, and what changed since is other requests' doing.
    """
    # Case 3 is about the refresh token; the access token is still good.
    access = outcome is not Outcome.RENEW
    if rotated:
        return Grant(Refreshed.ROTATED if access else Refreshed.RENEWED, access, refresh=True)
    if not live:
        return Grant(Refreshed.ENDED)
    if late:
        # This answer could arrive behind a newer one and put an old token back into the browser.
        return Grant(Refreshed.TOO_LATE)
    if standing is Standing.SUPERSEDED:
        return Grant(Refreshed.REDELIVERED, access, refresh=True)
    if standing is Standing.IN_GRACE:
        return Grant(Refreshed.ACCESS_ONLY, access=True)
    return Grant(Refreshed.OVERTAKEN)
