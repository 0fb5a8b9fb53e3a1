"""The rules around the tables: who may renew, what confirms, what a request is granted after its view."""

from __future__ import annotations

from itertools import product

import pytest

from tests.support.rows import session_row
from webapp.core.claims import AccessClaims, Verdict
from webapp.core.decision import Outcome, TokenState
from webapp.core.rotation import REFRESHING, Grant, Refreshed, confirms, hand_out, is_renewable
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
    assert is_renewable(access(TokenState.VALID, iat=issued_at), EXP, now=now, window=WINDOW) is expected


@pytest.mark.parametrize("state", [TokenState.EXPIRED, TokenState.INVALID, TokenState.ABSENT])
def test_only_a_valid_access_token_renews(state: TokenState) -> None:
    assert not is_renewable(access(state, iat=EXP - 1), EXP, now=EXP, window=WINDOW)


def test_what_confirms() -> None:
    """The current refresh token, or a valid access token of its generation; nothing else."""
    for state, gen, standing in product(TokenState, (None, 3, 4, 5), (None, *Standing)):
        expected = standing is Standing.CURRENT or (state is TokenState.VALID and gen == 4)
        assert confirms(access(state, gen=gen), standing, session_row(refresh_generation=4)) is expected


NOTHING = (False, False)
BOTH, ACCESS, REFRESH = (True, True), (True, False), (False, True)


@pytest.mark.parametrize("outcome", sorted(REFRESHING))
@pytest.mark.parametrize(
    ("rotated", "live", "late", "standing", "what", "granted"),
    [
        (True, True, False, Standing.CURRENT, Refreshed.ROTATED, BOTH),
        (True, True, True, Standing.CURRENT, Refreshed.ROTATED, BOTH),  # slow, but the winner
        (False, False, False, Standing.SUPERSEDED, Refreshed.ENDED, NOTHING),  # a log-out during the view wins
        (False, False, False, None, Refreshed.ENDED, NOTHING),
        (False, True, True, Standing.SUPERSEDED, Refreshed.TOO_LATE, NOTHING),
        (False, True, True, Standing.IN_GRACE, Refreshed.TOO_LATE, NOTHING),
        (False, True, False, Standing.SUPERSEDED, Refreshed.REDELIVERED, BOTH),
        (False, True, False, Standing.IN_GRACE, Refreshed.ACCESS_ONLY, ACCESS),
        (False, True, False, Standing.REUSED, Refreshed.OVERTAKEN, NOTHING),
        (False, True, False, Standing.UNKNOWN, Refreshed.OVERTAKEN, NOTHING),
        (False, True, False, Standing.CURRENT, Refreshed.OVERTAKEN, NOTHING),
    ],
)
def test_what_a_request_takes_home(
    outcome: Outcome,
    rotated: bool,
    live: bool,
    late: bool,
    standing: Standing | None,
    what: Refreshed,
    granted: tuple[bool, bool],
) -> None:
    if outcome is Outcome.RENEW and granted == BOTH:
        granted = REFRESH  # case 3: the access token is still good
        what = Refreshed.RENEWED if rotated else what
    assert hand_out(outcome, rotated=rotated, live=live, late=late, standing=standing) == Grant(what, *granted)
