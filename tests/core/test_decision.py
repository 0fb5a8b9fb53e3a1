"""Every cell of the two tables, written out again from the protocol: a slip in one of the two copies shows."""

from __future__ import annotations

import pytest

from webapp.core.decision import (
    FOUR_CASES,
    SERVED,
    Outcome,
    RefreshColumn,
    TokenState,
    case_of,
    decide,
    refresh_column,
)
from webapp.core.standing import Standing

VALID, EXPIRED, INVALID, ABSENT = TokenState.VALID, TokenState.EXPIRED, TokenState.INVALID, TokenState.ABSENT

CASE_OF = {
    (VALID, VALID): 4,
    (VALID, EXPIRED): 3,
    (VALID, INVALID): None,
    (VALID, ABSENT): None,
    (EXPIRED, VALID): 2,
    (EXPIRED, EXPIRED): 1,
    (EXPIRED, INVALID): None,
    (EXPIRED, ABSENT): None,
    (INVALID, VALID): 2,
    (INVALID, EXPIRED): 1,
    (INVALID, INVALID): None,
    (INVALID, ABSENT): None,
    (ABSENT, VALID): 2,
    (ABSENT, EXPIRED): 1,
    (ABSENT, INVALID): None,
    (ABSENT, ABSENT): None,
}
"""PROTOCOL section 5: absent or invalid access counts as expired; absent or invalid refresh is no case."""

# PROTOCOL section 6, as text, so that the code supplies none of it.
MATRIX = """
         | absent    | invalid, unknown       | expired, in the window | expired | current | superseded | in grace    | abandoned | reused
valid    | proceed   | proceed, clear refresh | renew                  | proceed | proceed | proceed    | proceed     | proceed   | reuse
expired  | log in    | log in                 | log in                 | log in  | rotate  | redeliver  | access only | log in    | reuse
absent   | anonymous | log in                 | log in                 | log in  | rotate  | redeliver  | access only | log in    | reuse
invalid  | log in    | log in                 | log in                 | log in  | rotate  | redeliver  | access only | log in    | reuse
"""  # noqa: E501


def cells() -> list[tuple[str, str, str]]:
    head, *rows = ([cell.strip() for cell in line.split("|")] for line in MATRIX.strip("\n").splitlines())
    return [(row[0], column, outcome) for row in rows for column, outcome in zip(head[1:], row[1:], strict=True)]


def test_the_four_cases_are_the_seeds_table() -> None:
    """The four cases have the states and the actions that the protocol's table gives them."""
    assert [(case.number, case.access.value, case.refresh.value) for case in FOUR_CASES] == [
        (1, "expired", "expired"),
        (2, "expired", "valid"),
        (3, "valid", "expired"),
        (4, "valid", "valid"),
    ]
    assert [case.action for case in FOUR_CASES] == [
        "log in again",
        "check the refresh token against the database, reissue the access token",
        "check the access token, reissue the refresh token",
        "proceed",
    ]


@pytest.mark.parametrize(("pair", "number"), CASE_OF.items(), ids=lambda x: "-".join(x) if isinstance(x, tuple) else "")
def test_every_pair_of_states_is_its_case(pair: tuple[TokenState, TokenState], number: int | None) -> None:
    """Each pair of token states has its case number, or none."""
    case = case_of(*pair)
    assert (case.number if case else None) == number


def test_all_sixteen_pairs_are_tested() -> None:
    """The table above has all 16 pairs of an access and a refresh state."""
    assert set(CASE_OF) == {(a, r) for a in TokenState for r in TokenState}


@pytest.mark.parametrize(("access", "column", "outcome"), cells())
def test_every_cell_of_the_matrix(access: str, column: str, outcome: str) -> None:
    """Each cell of the page matrix has the outcome that the protocol writes in it."""
    assert decide(TokenState(access), RefreshColumn(column)) is Outcome(outcome)


def test_the_matrix_has_no_other_cells() -> None:
    """The table above has all 36 cells, each once."""
    assert {cell[:2] for cell in cells()} == {(a.value, c.value) for a in TokenState for c in RefreshColumn}
    assert len(cells()) == 36


def test_who_is_served() -> None:
    """Four outcomes let nobody in, and every other one serves the request."""
    refused = {Outcome.REUSE, Outcome.LOG_IN, Outcome.ANONYMOUS, Outcome.INCOMPLETE}
    assert set(Outcome) - SERVED == refused


@pytest.mark.parametrize("renewable", [True, False])
@pytest.mark.parametrize("standing", [None, *Standing])
@pytest.mark.parametrize("state", list(TokenState))
def test_every_column(state: TokenState, standing: Standing | None, renewable: bool) -> None:
    """All 56 combinations; the expectation is a table of words, not the function again."""
    column = refresh_column(state, standing, renewable=renewable)
    if state is ABSENT:
        expected = "absent"
    elif state is INVALID or standing in (None, Standing.UNKNOWN):
        expected = "invalid, unknown"
    elif state is VALID:
        expected = str(standing)
    else:
        expected = {
            (Standing.CURRENT, True): "expired, in the window",
            (Standing.SUPERSEDED, True): "expired, in the window",
        }.get((standing, renewable), "expired")  # type: ignore[arg-type]
    assert column == expected


def test_an_expired_token_is_never_reuse() -> None:
    """Else any old leaked token would be a switch that ends the session."""
    for standing in Standing:
        for renewable in (True, False):
            column = refresh_column(EXPIRED, standing, renewable=renewable)
            assert all(decide(access, column) is not Outcome.REUSE for access in TokenState)


def test_nothing_is_issued_without_an_authentic_refresh_token() -> None:
    """No access token, however valid, brings a new token without an authentic refresh token."""
    issuing = {Outcome.ROTATE, Outcome.REDELIVER, Outcome.ACCESS_ONLY, Outcome.RENEW}
    for access in TokenState:
        assert decide(access, RefreshColumn.ABSENT) not in issuing
        assert decide(access, RefreshColumn.INVALID) not in issuing
