"""What the database knows of a refresh token: every standing, and both borders of the grace."""

from __future__ import annotations

import pytest

from tests.support.rows import session_row
from webapp.core.session import SessionRow
from webapp.core.standing import Standing, classify

NOW, GRACE = 1_000_000, 10


def Row(  # noqa: N802 - reads as the row it is
    generation: int = 5, jti: str = "five", parent: str | None = "four", refresh_confirmed_at: int | None = None
) -> SessionRow:
    return session_row(
        refresh_generation=generation,
        refresh_jti=jti,
        previous_refresh_jti=parent,
        refresh_confirmed_at=refresh_confirmed_at,
    )


FIRST = Row(0, "zero", None)

TABLE = [
    # what                                  row                                       gen  jti     standing
    ("current", Row(), 5, "five", "current"),
    ("current, confirmed long ago", Row(refresh_confirmed_at=1), 5, "five", "current"),
    ("current generation, other jti", Row(), 5, "four", "unknown"),
    ("current generation, empty jti", Row(), 5, "", "unknown"),
    ("parent, successor never seen", Row(), 4, "four", "superseded"),
    ("parent, successor seen now", Row(refresh_confirmed_at=NOW), 4, "four", "in grace"),
    ("parent, last second of the grace", Row(refresh_confirmed_at=NOW - GRACE), 4, "four", "in grace"),
    ("parent, one second later", Row(refresh_confirmed_at=NOW - GRACE - 1), 4, "four", "reused"),
    ("parent, confirmed by a host whose clock is ahead", Row(refresh_confirmed_at=NOW + 3), 4, "four", "in grace"),
    ("parent generation, other jti", Row(), 4, "five", "unknown"),
    ("parent generation, other jti, long confirmed", Row(refresh_confirmed_at=1), 4, "x", "unknown"),
    ("grandparent, unconfirmed successor", Row(), 3, "three", "reused"),
    ("grandparent, within the grace", Row(refresh_confirmed_at=NOW), 3, "three", "reused"),
    ("oldest", Row(), 0, "zero", "reused"),
    ("of the future", Row(), 6, "six", "unknown"),
    ("of the far future", Row(), 2**53, "six", "unknown"),
    ("first generation, current", FIRST, 0, "zero", "current"),
    ("first generation, no parent", FIRST, -1, "zero", "unknown"),
    ("second generation, parent", Row(1, "one", "zero"), 0, "zero", "superseded"),
]


@pytest.mark.parametrize(("row", "gen", "jti", "standing"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_standing(row: SessionRow, gen: int, jti: str, standing: str) -> None:
    assert classify(gen, jti, row, now=NOW, grace=GRACE) == standing


def test_every_standing_is_tested() -> None:
    assert {t[4] for t in TABLE} == {s.value for s in Standing}
