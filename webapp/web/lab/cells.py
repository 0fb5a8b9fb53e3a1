"""Any cell of the matrix on demand: bring an extra session into that state, send one request, see what it does."""

from __future__ import annotations

from typing import NamedTuple

from webapp.core.decision import PAGES, Outcome, RefreshColumn, TokenState
from webapp.web.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from webapp.web.lab.board import case_of_cell
from webapp.web.lab.stage import Stage
from webapp.web.lab.witness import Answer

REACHABLE = frozenset(
    (access.value, column.value)
    for access in TokenState
    for column in RefreshColumn
    # Only a valid access token makes an expired refresh token renewable; without one it is merely expired.
    if column is not RefreshColumn.RENEWABLE or access is TokenState.VALID
)
"""The cells a request can fall into."""


TABLE = tuple(
    (
        access,
        tuple(
            ((access.value, column.value), column, outcome, case_of_cell(access, column, outcome))
            for column, outcome in cells.items()
        ),
    )
    for access, cells in PAGES.items()
)
"""The matrix as it is shown: each state of the access token with its cells, their names and their cases."""


class Tried(NamedTuple):
    """What a cell says, and what happened."""

    access: TokenState
    column: RefreshColumn
    said: Outcome
    answer: Answer

    @property
    def as_said(self) -> bool:
        """The request was in this very cell, and did what the table says."""
        seen = self.answer.seen
        return (seen.access, seen.cell, seen.outcome) == (self.access.value, self.column.value, self.said.value)


def try_cell(stage: Stage, access: TokenState, column: RefreshColumn) -> Tried:
    """Send one request that falls into the cell (`access`, `column`)."""
    jar: dict[str, str] = {}
    if (refresh := _refresh(stage, column)) is not None:
        jar[REFRESH_COOKIE] = refresh
    if (text := _access(stage, access)) is not None:
        jar[ACCESS_COOKIE] = text
    return Tried(access, column, PAGES[access][column], stage.send(jar=jar, keep=False))


def _refresh(stage: Stage, column: RefreshColumn) -> str | None:
    now, lifetimes = stage.now, stage.tokens.lifetimes
    mine = stage.jar[REFRESH_COOKIE]
    match column:
        case RefreshColumn.ABSENT:
            return None
        case RefreshColumn.INVALID:
            return spoil(mine)
        case RefreshColumn.RENEWABLE:
            stage.rewrite(refresh_issued_at=now - 10, refresh_expires_at=now)
            return stage.tokens.mint_refresh(stage.row)
        case RefreshColumn.EXPIRED:
            ended = now - lifetimes.renewal_window
            stage.rewrite(refresh_issued_at=ended - 10, refresh_expires_at=ended)
            return stage.tokens.mint_refresh(stage.row)
        case RefreshColumn.CURRENT:
            return mine
    # The parent of a successor: let an ordinary case 2 make one.
    stage.let_access_expire()
    if column is RefreshColumn.ABANDONED:
        return _abandoned(stage)
    stage.send()
    if column is RefreshColumn.IN_GRACE:
        stage.send()
    elif column is RefreshColumn.REUSED:
        stage.send()
        stage.let_grace_pass()
    return mine


def _abandoned(stage: Stage) -> str:
    """A successor whose answer came late: another one has taken its place, and is in use."""
    late = stage.send(keep=False)
    stage.let_burst_pass()
    stage.send()
    stage.send()
    stage.let_grace_pass()
    return late.cookies[REFRESH_COOKIE]


def _access(stage: Stage, state: TokenState) -> str | None:
    if state is TokenState.ABSENT:
        return None
    text = stage.mint_access(expired=state is TokenState.EXPIRED)
    return spoil(text) if state is TokenState.INVALID else text


def spoil(text: str) -> str:
    """The token with another signature, of the same length and canonical still."""
    head, _, signature = text.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
