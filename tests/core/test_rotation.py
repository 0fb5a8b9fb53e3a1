"""The rules around the tables: who may renew, what confirms, what a request is granted after its view."""

from __future__ import annotations

from itertools import product

import pytest

from tests.support.rows import session_row
from webapp.core.claims import AccessClaims, RefreshClaims, Verdict
from webapp.core.decision import Outcome, RefreshColumn, TokenState
from webapp.core.lifetimes import Lifetimes
from webapp.core.rotation import (
    REFRESHING,
    Grant,
    Refreshed,
    confirms,
    counts,
    hand_out,
    hand_out_proved,
    is_renewable,
    rotated,
    rotates_early,
)
from webapp.core.standing import Standing

EXP, WINDOW = 10_000, 600


def access(state: TokenState, *, iat: int = 0, gen: int | None = 0) -> Verdict[AccessClaims]:
    """A verdict on an access token; without claims where there is none, or `gen` is None."""
    if gen is None or state in (TokenState.INVALID, TokenState.ABSENT):
        return Verdict(state)
    return Verdict(state, AccessClaims("", "u", "", iat + 600, iat, "", "", "", {}, "user", "s", gen, 0))


@pytest.mark.parametrize(
    ("issued_at", "now", "expected"),
    [
        (EXP - 1, EXP, True),
        (EXP, EXP, True),
        (EXP + 1, EXP + 1, False),  # obtained after the refresh token's end
        (EXP - 100, EXP + WINDOW - 1, True),
        (EXP - 100, EXP + WINDOW, False),
    ],
)
def test_borders_of_the_renewal_window(issued_at: int, now: int, expected: bool) -> None:
    """Case 3 renews up to the last second of its window, with an access token older than the refresh token's end."""
    assert (
        is_renewable(TokenState.VALID, access(TokenState.VALID, iat=issued_at).claims, EXP, now=now, window=WINDOW)
        is expected
    )


@pytest.mark.parametrize("state", [TokenState.EXPIRED, TokenState.INVALID, TokenState.ABSENT])
def test_only_a_valid_access_token_renews(state: TokenState) -> None:
    """An expired, invalid or absent access token renews no refresh token."""
    assert not is_renewable(state, access(state, iat=EXP - 1).claims, EXP, now=EXP, window=WINDOW)


def test_what_confirms() -> None:
    """The current refresh token, or a valid access token handed out with it; not that of an abandoned successor."""
    row = session_row(refresh_generation=4, refresh_issued_at=500)
    for state, gen, iat, standing in product(TokenState, (None, 3, 4, 5), (499, 500, 501), (None, *Standing)):
        expected = standing is Standing.CURRENT or (state is TokenState.VALID and gen == 4 and iat >= 500)
        assert confirms(access(state, gen=gen, iat=iat), standing, row) is expected


def test_what_an_access_token_counts_as() -> None:
    """An abandoned successor's access token is expired until its better is used or comes with it."""
    for state, gen, iat, seen, standing in product(
        TokenState, (None, 3, 4, 5), (499, 500), (None, 1), (None, *Standing)
    ):
        row = session_row(refresh_generation=4, refresh_issued_at=500, refresh_confirmed_at=seen)
        abandoned = gen == 4 and iat < 500 and seen is None and standing is not Standing.CURRENT
        expected = TokenState.EXPIRED if state is TokenState.VALID and abandoned else state
        assert counts(access(state, gen=gen, iat=iat), standing, row) is expected


NOTHING = (False, False)
BOTH, ACCESS, REFRESH = (True, True), (True, False), (False, True)
NOW, GRACE = 1_800_000_100, 10
MADE, LONG_AGO = NOW - 3, NOW - 4


@pytest.mark.parametrize("outcome", sorted(REFRESHING))
@pytest.mark.parametrize(
    ("changes", "gen", "jti", "judged_at", "what", "granted"),
    [
        ({"revoked_at": 1}, 4, "four", NOW, Refreshed.ENDED, NOTHING),  # a logout during the view wins
        ({"expires_at": NOW}, 4, "four", NOW, Refreshed.ENDED, NOTHING),
        ({"refresh_issued_at": MADE}, 4, "four", NOW - 10, Refreshed.REDELIVERED, BOTH),
        ({"refresh_issued_at": MADE}, 4, "four", NOW - 11, Refreshed.TOO_LATE, NOTHING),
        ({"refresh_issued_at": NOW + 40}, 4, "four", NOW, Refreshed.REDELIVERED, BOTH),  # by a host that is ahead
        ({}, 4, "four", NOW, Refreshed.FORKED, BOTH),
        ({}, 4, "four", NOW - 11, Refreshed.TOO_LATE, NOTHING),
        ({"refresh_forks": 2}, 5, "x", NOW, Refreshed.FORKED, BOTH),  # an abandoned successor renews, too
        ({"refresh_forks": 5}, 4, "four", NOW, Refreshed.OVERTAKEN, NOTHING),
        ({"refresh_confirmed_at": NOW}, 4, "four", NOW, Refreshed.ACCESS_ONLY, ACCESS),
        ({"refresh_confirmed_at": NOW, "refresh_issued_at": NOW - 599}, 4, "four", NOW, Refreshed.ACCESS_ONLY, ACCESS),
        ({"refresh_confirmed_at": NOW, "refresh_issued_at": NOW - 600}, 4, "four", NOW, Refreshed.OVERTAKEN, NOTHING),
        ({"refresh_confirmed_at": NOW - 71}, 4, "four", NOW, Refreshed.OVERTAKEN, NOTHING),  # REUSED, and not by it
        ({}, 9, "x", NOW, Refreshed.OVERTAKEN, NOTHING),
        ({}, 5, "five", NOW, Refreshed.OVERTAKEN, NOTHING),  # CURRENT again: it lost a race that another one lost
    ],
)
def test_what_a_request_takes_home(
    outcome: Outcome,
    changes: dict[str, int],
    gen: int,
    jti: str,
    judged_at: int,
    what: Refreshed,
    granted: tuple[bool, bool],
) -> None:
    """Each state of the row after the view grants the tokens in the table, for every refreshing outcome."""
    row = session_row(
        **{"refresh_generation": 5, "refresh_jti": "five", "previous_refresh_jti": "four"}
        | {"refresh_issued_at": LONG_AGO}
        | changes
    )
    claims = RefreshClaims("", row.user_id, "", row.refresh_expires_at, 0, jti, row.sid, gen)
    if outcome is Outcome.RENEW and granted == BOTH:
        granted = REFRESH  # case 3: the access token is still good
    grant = hand_out(outcome, claims, row, judged_at=judged_at, now=NOW, lifetimes=Lifetimes(grace=GRACE))
    assert grant == Grant(what, *granted)


def test_a_session_that_is_gone_gets_nothing() -> None:
    """A session without a row is ended and grants no token."""
    claims = RefreshClaims("", "u", "", NOW + 9, 0, "four", "s", 4)
    grant = hand_out(Outcome.ROTATE, claims, None, judged_at=NOW, now=NOW, lifetimes=Lifetimes())
    assert grant == Grant(Refreshed.ENDED)


def test_what_the_winner_gets() -> None:
    """Both tokens; in case 3 the refresh token, since the access token is still good."""
    assert rotated(Outcome.ROTATE) == Grant(Refreshed.ROTATED, access=True, refresh=True)
    assert rotated(Outcome.RENEW) == Grant(Refreshed.RENEWED, refresh=True)


@pytest.mark.parametrize(
    ("confirmed_at", "now", "expected"), [(None, 10_000, False), (1000, 1070, False), (1000, 1071, True)]
)
def test_when_a_step_up_replaces_a_refresh_token(confirmed_at: int | None, now: int, expected: bool) -> None:
    """Confirmed longer ago than ten seconds of grace and sixty of other clocks; never before it was used."""
    row = session_row(refresh_confirmed_at=confirmed_at)
    assert rotates_early(row, now=now, grace=10) is expected


@pytest.mark.parametrize(
    ("jti", "column", "outcome", "confirmed_at", "late", "expected"),
    [
        ("now", RefreshColumn.CURRENT, Outcome.PROCEED, 1990, 0, Grant(Refreshed.PROVED, access=True)),
        ("now", RefreshColumn.CURRENT, Outcome.PROCEED, 1900, 0, Grant(Refreshed.ROTATED, access=True, refresh=True)),
        ("now", RefreshColumn.CURRENT, Outcome.PROCEED, 1990, 11, Grant(Refreshed.TOO_LATE)),
        ("now", RefreshColumn.CURRENT, Outcome.PROCEED, 1900, 11, Grant(Refreshed.ROTATED, access=True, refresh=True)),
        ("now", RefreshColumn.CURRENT, Outcome.ROTATE, 1990, 0, Grant(Refreshed.ROTATED, access=True, refresh=True)),
        ("now", RefreshColumn.RENEWABLE, Outcome.RENEW, 1990, 0, Grant(Refreshed.RENEWED, access=True, refresh=True)),
        ("old", RefreshColumn.SUPERSEDED, Outcome.PROCEED, None, 0, Grant(Refreshed.FORKED, access=True, refresh=True)),
        ("old", RefreshColumn.SUPERSEDED, Outcome.RENEW, None, 0, Grant(Refreshed.FORKED, access=True, refresh=True)),
        ("old", RefreshColumn.IN_GRACE, Outcome.PROCEED, 1990, 0, Grant(Refreshed.ACCESS_ONLY, access=True)),
        ("old", RefreshColumn.IN_GRACE, Outcome.PROCEED, 1990, 11, Grant(Refreshed.TOO_LATE)),
        ("off", RefreshColumn.ABANDONED, Outcome.PROCEED, 1990, 0, Grant(Refreshed.OVERTAKEN)),
        (None, RefreshColumn.ABSENT, Outcome.PROCEED, 1990, 0, Grant(Refreshed.PROVED, access=True)),
        ("now", RefreshColumn.EXPIRED, Outcome.PROCEED, 1900, 0, Grant(Refreshed.PROVED, access=True)),
        (None, RefreshColumn.INVALID, Outcome.PROCEED_CLEAR_REFRESH, 1990, 0, Grant(Refreshed.PROVED, access=True)),
        (None, RefreshColumn.ABSENT, Outcome.PROCEED, 1990, 11, Grant(Refreshed.TOO_LATE)),
    ],
)
def test_what_a_step_up_hands_out(
    jti: str | None,
    column: RefreshColumn,
    outcome: Outcome,
    confirmed_at: int | None,
    late: int,
    expected: Grant,
) -> None:
    """It gets what the standing would get, fresh; with a useless refresh token, the access token alone."""
    row = session_row(
        refresh_generation=4,
        refresh_jti="now",
        previous_refresh_jti="old",
        refresh_issued_at=1800,
        refresh_confirmed_at=confirmed_at,
        expires_at=9000,
    )
    gen = 3 if jti in ("old", "off") else 4
    claims = None if jti is None else RefreshClaims("", "u", "", 9000, 1800, jti, "s", gen)
    granted = hand_out_proved(
        outcome, column, claims, row, judged_at=2000 - late, now=2000, lifetimes=Lifetimes(grace=10)
    )
    assert granted == expected
