"""Freshness: every cell of the rule."""

from __future__ import annotations

import pytest

from webapp.core import freshness
from webapp.core.freshness import acr_of, inherited, is_fresh, joined


@pytest.mark.parametrize(
    ("token", "row", "now", "fresh"),
    [
        (1000, 1000, 1600, True),
        (1000, 1000, 1601, False),
        (1000, 2000, 1500, True),
        (1500, 1000, 1500, False),
        (None, 1000, 1000, False),
    ],
    ids=["the last second", "a second late", "an older token", "newer than the row says", "no access token"],
)
def test_fresh(token: int | None, row: int, now: int, fresh: bool) -> None:
    """Ten minutes from the proof that the presented token carries."""
    assert is_fresh(token, row, now=now, within=600) is fresh


def test_a_reissued_token_inherits() -> None:
    """From the token that was presented, else from the session's beginning; never from the row's `auth_time`."""
    assert inherited(1500, 1000) == 1500
    assert inherited(None, 1000) == 1000


@pytest.mark.parametrize(
    ("amr", "more", "result", "acr"),
    [
        ("pwd", freshness.BY_PASSWORD, "pwd", "1fa"),
        ("pwd", freshness.BY_PASSWORD_AND_CODE, "pwd otp mfa", "2fa"),
        ("pwd", freshness.BY_PASSKEY, "pwd pop user mfa", "phr"),
        ("pop user mfa", freshness.BY_PASSWORD, "pwd pop user mfa", "phr"),
        ("pwd otp mfa", freshness.BY_PASSKEY, "pwd otp pop user mfa", "phr"),
    ],
)
def test_what_was_proved_adds_up(amr: str, more: tuple[str, ...], result: str, acr: str) -> None:
    """In one order, each method once, and the level in one word."""
    assert joined(amr, more) == result
    assert acr_of(result) == acr
