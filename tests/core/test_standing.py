"""What the database knows of a refresh token: every standing, and both borders of the grace."""

from __future__ import annotations

import pytest

from tests.support.rows import session_row
from webapp.core.session import SessionRow
from webapp.core.standing import Standing, classify

NOW, GRACE, SKEW, BURST = 1_000_000, 10, 60, 3


def Row(  # noqa: N802 - reads as the row it is
    generation: int = 5,
    jti: str = "five",
    parent: str | None = "four",
    seen: int | None = None,
    forks: int = 0,
    made: int = NOW - BURST - 1,
) -> SessionRow:
    return session_row(
        refresh_generation=generation,
        refresh_jti=jti,
        previous_refresh_jti=parent,
        refresh_confirmed_at=seen,
        refresh_forks=forks,
        refresh_issued_at=made,
    )


FIRST = Row(0, "zero", None)
LAST_OF_GRACE = NOW - GRACE - SKEW

TABLE = [
    # what                                   row                                            gen  jti     standing
    ("current", Row(), 5, "five", "current"),
    ("current, seen long ago", Row(seen=1), 5, "five", "current"),
    ("current, forked", Row(forks=5), 5, "five", "current"),
    ("current generation, other jti", Row(), 5, "four", "unknown"),
    ("current generation, empty jti", Row(), 5, "", "unknown"),
    ("parent, successor never seen", Row(), 4, "four", "superseded"),
    ("parent, never seen, a fork is left", Row(forks=4), 4, "four", "superseded"),
    ("parent, never seen, no fork is left", Row(forks=5), 4, "four", "abandoned"),
    ("parent, no fork is left, last second of the burst", Row(forks=5, made=NOW - BURST), 4, "four", "superseded"),
    ("parent, no fork is left, one second later", Row(forks=5, made=NOW - BURST - 1), 4, "four", "abandoned"),
    ("parent, no fork is left, made by a host ahead", Row(forks=5, made=NOW + 40), 4, "four", "superseded"),
    ("parent, successor seen now", Row(seen=NOW), 4, "four", "in grace"),
    ("parent, seen, all forks used", Row(seen=NOW, forks=5), 4, "four", "in grace"),
    ("parent, last second of the grace", Row(seen=LAST_OF_GRACE), 4, "four", "in grace"),
    ("parent, one second later", Row(seen=LAST_OF_GRACE - 1), 4, "four", "reused"),
    ("parent, seen by a host whose clock is ahead", Row(seen=NOW + 40), 4, "four", "in grace"),
    ("parent generation, other jti", Row(), 4, "five", "abandoned"),
    ("parent generation, other jti, long seen", Row(seen=1), 4, "x", "abandoned"),
    ("abandoned successor, its better never seen", Row(forks=1), 5, "x", "superseded"),
    ("abandoned successor, no fork is left", Row(forks=5), 5, "x", "abandoned"),
    ("abandoned successor, no fork is left, in the burst", Row(forks=5, made=NOW), 5, "x", "superseded"),
    ("abandoned successor, its better just seen", Row(forks=1, seen=NOW), 5, "x", "in grace"),
    ("abandoned successor, last second", Row(forks=1, seen=LAST_OF_GRACE), 5, "x", "in grace"),
    ("abandoned successor, its better long seen", Row(forks=1, seen=LAST_OF_GRACE - 1), 5, "x", "abandoned"),
    ("grandparent, successor never seen", Row(), 3, "three", "reused"),
    ("grandparent, within the grace", Row(seen=NOW), 3, "three", "reused"),
    ("oldest", Row(), 0, "zero", "reused"),
    ("of the future", Row(), 6, "six", "unknown"),
    ("of the far future", Row(), 2**53, "six", "unknown"),
    ("first generation, current", FIRST, 0, "zero", "current"),
    ("second generation, parent", Row(1, "one", "zero"), 0, "zero", "superseded"),
]


@pytest.mark.parametrize(("row", "gen", "jti", "standing"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_standing(row: SessionRow, gen: int, jti: str, standing: str) -> None:
    """Each row and token of the table has its standing, at both borders of the grace period."""
    assert classify(gen, jti, row, now=NOW, grace=GRACE) == standing


def test_every_standing_is_tested() -> None:
    """The table has every standing there is."""
    assert {t[4] for t in TABLE} == {s.value for s in Standing}
