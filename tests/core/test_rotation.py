"""The rules around the tables: who may renew, what confirms, what a request is handed after its view."""

from __future__ import annotations

from itertools import product

import pytest

from webapp.core.decision import Outcome, TokenState
from webapp.core.rotation import (
    REFRESHING,
    Handout,
    Settled,
    is_late,
    is_renewable,
    may_rotate,
    settle,
    shows_successor,
)
from webapp.core.standing import Standing

EXP, WINDOW = 10_000, 600


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
    assert is_renewable(TokenState.VALID, issued_at, EXP, now=now, window=WINDOW) is expected


@pytest.mark.parametrize("state", [TokenState.EXPIRED, TokenState.INVALID, TokenState.ABSENT])
def test_only_a_valid_access_token_renews(state: TokenState) -> None:
    assert not is_renewable(state, EXP - 1, EXP, now=EXP, window=WINDOW)


def test_what_confirms() -> None:
    """The current refresh token, or a valid access token of its generation; nothing else."""
    for state, gen, standing in product(TokenState, (None, 3, 4, 5), (None, *Standing)):
        expected = standing is Standing.CURRENT or (state is TokenState.VALID and gen == 4)
        assert shows_successor(state, gen, standing, 4) is expected


def test_late_is_longer_than_the_grace() -> None:
    assert not is_late(100, 110, 10)
    assert is_late(100, 111, 10)


def test_only_the_current_token_may_rotate() -> None:
    assert [s for s in (None, *Standing) if may_rotate(s)] == [Standing.CURRENT]


NOTHING = (False, False)
BOTH, ACCESS, REFRESH = (True, True), (True, False), (False, True)


@pytest.mark.parametrize("outcome", sorted(REFRESHING))
@pytest.mark.parametrize(
    ("rotated", "live", "late", "standing", "what", "handed"),
    [
        (True, True, False, Standing.CURRENT, Settled.ROTATED, BOTH),
        (True, True, True, Standing.CURRENT, Settled.ROTATED, BOTH),  # slow, but the winner
        (False, False, False, Standing.SUPERSEDED, Settled.ENDED, NOTHING),  # a log-out during the view wins
        (False, False, False, None, Settled.ENDED, NOTHING),
        (False, True, True, Standing.SUPERSEDED, Settled.TOO_LATE, NOTHING),
        (False, True, True, Standing.IN_GRACE, Settled.TOO_LATE, NOTHING),
        (False, True, False, Standing.SUPERSEDED, Settled.REDELIVERED, BOTH),
        (False, True, False, Standing.IN_GRACE, Settled.ACCESS_ONLY, ACCESS),
        (False, True, False, Standing.REUSED, Settled.OVERTAKEN, NOTHING),
        (False, True, False, Standing.UNKNOWN, Settled.OVERTAKEN, NOTHING),
        (False, True, False, Standing.CURRENT, Settled.OVERTAKEN, NOTHING),
    ],
)
def test_what_a_request_takes_home(
    outcome: Outcome,
    rotated: bool,
    live: bool,
    late: bool,
    standing: Standing | None,
    what: Settled,
    handed: tuple[bool, bool],
) -> None:
    if outcome is Outcome.RENEW and handed == BOTH:
        handed = REFRESH  # case 3: the access token is still good
        what = Settled.RENEWED if rotated else what
    assert settle(outcome, rotated=rotated, live=live, late=late, standing=standing) == Handout(what, *handed)
