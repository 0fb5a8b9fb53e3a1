"""The rules of rotation around the tables: what renews, what confirms, what a request may take home.

Before the view a request is judged; by the time its view is through, other requests may have rotated the same token.
`hand_out` says what it gets then. `tests/model/` runs these very functions through every interleaving of requests,
answers, losses and forks, and beside a thief.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from webapp.core.claims import AccessClaims, RefreshClaims, Verdict
from webapp.core.decision import Outcome, RefreshColumn, TokenState
from webapp.core.lifetimes import SKEW, Lifetimes
from webapp.core.session import SessionRow
from webapp.core.standing import Standing, classify, is_in_burst

REFRESHING = frozenset({Outcome.ROTATE, Outcome.RENEW, Outcome.REDELIVER, Outcome.ACCESS_ONLY})
"""Outcomes that have something to do after the view."""


class Refreshed(StrEnum):
    """What became of a refresh: shown, logged and counted."""

    ROTATED = "rotated"
    RENEWED = "renewed"
    REDELIVERED = "redelivered"
    """The same successor once more. It was made within the burst, so this request came beside another one."""
    FORKED = "forked"
    """Another successor of the same generation, because nobody has used the one before and its answer may be lost."""
    ACCESS_ONLY = "access only"
    PROVED = "proved"
    """After a step-up: a fresh access token, and the refresh token stays."""
    ENDED = "session ended"
    TOO_LATE = "too late"
    OVERTAKEN = "overtaken"
    TOO_OFTEN = "too many refreshes"


class Grant(NamedTuple):
    """What the client gets."""

    what: Refreshed
    access: bool = False
    """A new access token. Its `gen` is the row's; with ACCESS_ONLY it is the presented refresh token's."""
    refresh: bool = False
    """The refresh token of the row's generation."""


def counts(access: Verdict[AccessClaims], standing: Standing | None, row: SessionRow) -> TokenState:
    """What an access token counts as. That of an abandoned successor is EXPIRED until its better is used.

    Else a thief could fork his own successor and keep the access token of the first, which confirms nothing. With it he
    could watch for the moment at which the owner renews. Beside the CURRENT refresh token it counts, because then its
    better is in use.
    """
    claims = access.claims
    if access.state is not TokenState.VALID or claims is None or standing is Standing.CURRENT:
        return access.state
    is_abandoned = claims.gen == row.refresh_generation and claims.iat < row.refresh_issued_at
    return TokenState.EXPIRED if is_abandoned and row.refresh_confirmed_at is None else access.state


def is_renewable(
    access: TokenState, claims: AccessClaims | None, refresh_expiry: int, *, now: int, window: int
) -> bool:
    """Whether an access token that counts as `access` may renew an expired refresh token (case 3). Unix seconds.

    It must be older than the refresh token's end. So one that was stolen alone, or obtained later, can never grow into
    a refresh token.
    """
    if access is not TokenState.VALID or claims is None:
        return False
    return claims.iat <= refresh_expiry and now < refresh_expiry + window


def confirms(access: Verdict[AccessClaims], standing: Standing | None, row: SessionRow) -> bool:
    """Whether the client shows the present successor: by its refresh token, or by an access token handed out with it.

    An access token of an abandoned successor is older than the present one (its `iat` says so) and confirms nothing.
    """
    if standing is Standing.CURRENT:
        return True
    claims = access.claims
    if access.state is not TokenState.VALID or claims is None:
        return False
    return claims.gen == row.refresh_generation and claims.iat >= row.refresh_issued_at


def rotated(outcome: Outcome) -> Grant:
    """What a request gets whose UPDATE has rotated the refresh token."""
    # Case 3 is about the refresh token; the access token is still good.
    renews = outcome is Outcome.RENEW
    return Grant(Refreshed.RENEWED if renews else Refreshed.ROTATED, access=not renews, refresh=True)


def hand_out(
    outcome: Outcome, claims: RefreshClaims, row: SessionRow | None, *, judged_at: int, now: int, lifetimes: Lifetimes
) -> Grant:
    """What a request gets that did not rotate, whose `outcome` before the view was one of REFRESHING.

    `claims` are its refresh token's; `row` is the row as it is now. FORKED is granted to the request whose UPDATE
    makes the fork. If that finds the row changed, ask again. It is asked here, and not before the view, whether it
    is still the burst. Otherwise a slow body could stretch it. REUSED is never REUSE here, because the request was
    judged honest before the view. Changes since are other requests' doing.
    """
    access = outcome is not Outcome.RENEW
    if row is None or not row.is_live(now):
        return Grant(Refreshed.ENDED)
    if now - judged_at > lifetimes.grace:
        # This answer could arrive behind a newer one and put an old token back into the browser.
        return Grant(Refreshed.TOO_LATE)
    standing = classify(claims.gen, claims.jti, row, now=now, grace=lifetimes.grace)
    if standing is Standing.SUPERSEDED:
        what = Refreshed.REDELIVERED if is_in_burst(row, now) else Refreshed.FORKED
        return Grant(what, access, refresh=True)
    # An access token ends with the successor's own, or a copy of the parent could watch for the next renewal.
    ends = lifetimes.of(row).access_expiry(row.refresh_issued_at, row.expires_at)
    if standing is Standing.IN_GRACE and now < ends:
        return Grant(Refreshed.ACCESS_ONLY, access=True)
    return Grant(Refreshed.OVERTAKEN)


def rotates_early(row: SessionRow, *, now: int, grace: int) -> bool:
    """Whether a step-up replaces the CURRENT refresh token although nothing has expired (ASVS 5.0, 7.2.4).

    Only if it was confirmed longer ago than the grace, and another host's clock may have written that. Else a tab that
    is under way would fall two generations behind within the time that requests take, and be judged a thief.
    """
    return row.refresh_confirmed_at is not None and now - row.refresh_confirmed_at > grace + SKEW


def hand_out_proved(
    outcome: Outcome,
    column: RefreshColumn,
    claims: RefreshClaims | None,
    row: SessionRow,
    *,
    judged_at: int,
    now: int,
    lifetimes: Lifetimes,
) -> Grant:
    """What a request gets whose person has just proved who they are: what its standing would get, and always fresh.

    `outcome` and `column` were judged before the view; `claims` are its refresh token's; `row` is the live row as it is
    now. ROTATED, RENEWED and FORKED are granted to the request whose UPDATE makes it so; if that finds the row changed,
    ask again.
    """
    is_late = now - judged_at > lifetimes.grace
    if claims is None or not is_useful(column):
        # Nothing is renewed without a refresh token. The access token is as old as the presented one, and ends with it.
        return Grant(Refreshed.TOO_LATE) if is_late else Grant(Refreshed.PROVED, access=True)
    if classify(claims.gen, claims.jti, row, now=now, grace=lifetimes.grace) is not Standing.CURRENT:
        return hand_out(Outcome.PROCEED, claims, row, judged_at=judged_at, now=now, lifetimes=lifetimes)
    if outcome in (Outcome.ROTATE, Outcome.RENEW) or rotates_early(row, now=now, grace=lifetimes.grace):
        return rotated(outcome)._replace(access=True)
    return Grant(Refreshed.TOO_LATE) if is_late else Grant(Refreshed.PROVED, access=True)


def is_useful(column: RefreshColumn) -> bool:
    """Whether a refresh token in this column of the matrix can still bring its holder anything."""
    return column not in (RefreshColumn.ABSENT, RefreshColumn.INVALID, RefreshColumn.EXPIRED)
