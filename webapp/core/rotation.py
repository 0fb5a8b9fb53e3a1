"""The rules of rotation around the two tables: what renews, what confirms, what a request may take home.

At the door a request is judged; by the time its view is through, other requests may have rotated the same token.
`settle` says what it is handed then. `tests/model/` runs these very functions through every interleaving of requests,
answers and losses.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from webapp.core.decision import Outcome, TokenState
from webapp.core.standing import Standing

REFRESHING = frozenset({Outcome.ROTATE, Outcome.RENEW, Outcome.REDELIVER, Outcome.ACCESS_ONLY})
"""Outcomes that have something to do after the view."""


class Settled(StrEnum):
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


class Handout(NamedTuple):
    """What the client gets."""

    what: Settled
    access: bool = False
    """A new access token: of the row's generation, but for ACCESS_ONLY of the presented one."""
    refresh: bool = False
    """The refresh token of the row's generation."""


def is_renewable(access: TokenState, access_issued_at: int, refresh_expiry: int, *, now: int, window: int) -> bool:
    """May this access token vouch for that expired refresh token (case 3)? Times in Unix seconds.

    It must be older than the refresh token's end: one that was stolen alone, or obtained later, can never grow into
    a refresh token.
    """
    return access is TokenState.VALID and access_issued_at <= refresh_expiry and now < refresh_expiry + window


def shows_successor(access: TokenState, access_gen: int | None, standing: Standing | None, generation: int) -> bool:
    """Does the client hold the current generation, by its refresh token or by an access token issued with it?"""
    return standing is Standing.CURRENT or (access is TokenState.VALID and access_gen == generation)


def is_late(door: int, now: int, grace: int) -> bool:
    """Did the view take longer than the grace? Such an answer could arrive behind a newer one."""
    return now - door > grace


def may_rotate(at_door: Standing | None) -> bool:
    """Only who came with the current token may try to replace it."""
    return at_door is Standing.CURRENT


def settle(outcome: Outcome, *, rotated: bool, live: bool, late: bool, standing: Standing | None) -> Handout:
    """What a request is handed whose `outcome` at the door was one of REFRESHING.

    `rotated`: this request's UPDATE won. `live` and `standing` speak of the row as it is now and matter only if it
    did not. REUSED is never theft here: the request was judged honest at the door, and what changed since is other
    requests' doing.
    """
    # Case 3 is about the refresh token; the access token is still good.
    access = outcome is not Outcome.RENEW
    if rotated:
        return Handout(Settled.ROTATED if access else Settled.RENEWED, access, refresh=True)
    if not live:
        return Handout(Settled.ENDED)
    if late:
        # This answer could put an old token back into the browser.
        return Handout(Settled.TOO_LATE)
    if standing is Standing.SUPERSEDED:
        return Handout(Settled.REDELIVERED, access, refresh=True)
    if standing is Standing.IN_GRACE:
        return Handout(Settled.ACCESS_ONLY, access=True)
    return Handout(Settled.OVERTAKEN)
