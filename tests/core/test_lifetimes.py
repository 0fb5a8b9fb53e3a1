"""Durations: defaults, ends that never pass the session's, and what production refuses."""

from __future__ import annotations

import pytest

from webapp.core.lifetimes import DAY, Lifetimes


def test_defaults_are_the_protocols() -> None:
    """The default durations are those of the protocol, and production accepts them."""
    times = Lifetimes()
    assert (times.access_token, times.refresh_token, times.session, times.grace) == (600, 1_209_600, 2_592_000, 10)
    assert times.renewal_window == times.access_token
    assert times.production_problem() is None


def test_no_token_outlives_its_session() -> None:
    """A token made near the session's end expires with the session."""
    times = Lifetimes(access_token=100, refresh_token=1000, session=5000, grace=1)
    assert times.access_expiry(0, 5000) == 100
    assert times.access_expiry(4950, 5000) == 5000
    assert times.refresh_expiry(0, 5000) == 1000
    assert times.refresh_expiry(4001, 5000) == 5000


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"access_token": 59}, "ACCESS_TOKEN_TTL"),
        ({"access_token": 3601}, "ACCESS_TOKEN_TTL"),
        ({"grace": 600}, "REFRESH_GRACE"),
        ({"refresh_token": 600}, "ACCESS_TOKEN_TTL"),
        ({"refresh_token": 31 * DAY}, "REFRESH_TOKEN_TTL"),
        ({"session": 400 * DAY + 1}, "SESSION_TTL"),
    ],
)
def test_what_production_refuses(changed: dict[str, int], named: str) -> None:
    """A duration outside the protocol's limits is refused in one line that begins with its name."""
    problem = Lifetimes(**changed).production_problem()
    assert problem is not None
    assert problem.startswith(named)
    assert "\n" not in problem


@pytest.mark.parametrize(
    "changed",
    [
        {"access_token": 60},
        {"access_token": 3600},
        {"grace": 599},
        {"refresh_token": 601},
        {"refresh_token": 30 * DAY},
        {"session": 400 * DAY},
    ],
)
def test_the_borders_are_accepted(changed: dict[str, int]) -> None:
    """The last allowed value on each side is accepted."""
    assert Lifetimes(**changed).production_problem() is None
