"""What happens to a request, as three tables.

1. `FOUR_CASES` is what the two tokens say. The lab, the home page and a test of the README read this very table.
2. `PAGES` is what follows once the database has been asked about the refresh token. It has one row for each state
   of the access token, and one column for what became of the refresh token.
3. `API_REFRESH` is the same for `POST /api/v1/refresh`, where clients send both tokens on purpose.

The rules of this file
* An absent or invalid access token counts as expired, because browsers drop cookies. The API asks for both tokens.
* An absent or invalid refresh token never issues anything.
* Nothing here knows the time, a cookie or a row. States come in, an outcome goes out.
* Whether the session lives is asked *before* these tables. A dead session is never judged REUSE a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.core.standing import Standing
from webapp.core.text import N_


class TokenState(StrEnum):
    """The verifier's answer about one token."""

    VALID = "valid"
    EXPIRED = "expired"
    """Everything about the token is right; only `exp` has passed."""
    INVALID = "invalid"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the four-case table."""

    number: int
    access: TokenState
    refresh: TokenState
    action: str


FOUR_CASES = (
    Case(1, TokenState.EXPIRED, TokenState.EXPIRED, N_("log in again")),
    Case(2, TokenState.EXPIRED, TokenState.VALID,
         N_("check the refresh token against the database, reissue the access token")),
    Case(3, TokenState.VALID, TokenState.EXPIRED, N_("check the access token, reissue the refresh token")),
    Case(4, TokenState.VALID, TokenState.VALID, N_("proceed")),
)  # fmt: skip


class Outcome(StrEnum):
    """What the application does with a request whose session is live."""

    PROCEED = "proceed"
    """Served; both tokens stay as they are."""
    PROCEED_CLEAR_REFRESH = "proceed, clear refresh"
    """Served; the refresh token is useless and its cookie goes."""
    ROTATE = "rotate"
    """Served; new access token, and the refresh token of the next generation."""
    REDELIVER = "redeliver"
    """Served; new access token, and the successor once more, because its first answer was lost. After the burst another
    one."""
    ACCESS_ONLY = "access only"
    """Served; new access token alone, because another tab already has the successor."""
    RENEW = "renew"
    """Served; new refresh token (case 3)."""
    REUSE = "reuse"
    """Not served, and the session ends, because a refresh token came back long after its successor was in use."""
    LOG_IN = "log in"
    ANONYMOUS = "anonymous"
    """No token at all: a stranger, not a user whose login ended."""
    INCOMPLETE = "incomplete"
    """The API asks for both tokens, and the refresh token is missing."""


SERVED = frozenset(
    {
        Outcome.PROCEED,
        Outcome.PROCEED_CLEAR_REFRESH,
        Outcome.ROTATE,
        Outcome.REDELIVER,
        Outcome.ACCESS_ONLY,
        Outcome.RENEW,
    }
)
"""Outcomes in which the request is served as the user."""


class RefreshColumn(StrEnum):
    """What became of the refresh token once verifier and database have spoken: a column of the matrix."""

    ABSENT = "absent"
    INVALID = "invalid, unknown"
    RENEWABLE = "expired, in the window"
    """Expired, but CURRENT or SUPERSEDED and no longer ago than the renewal window."""
    EXPIRED = "expired"
    CURRENT = "current"
    SUPERSEDED = "superseded"
    IN_GRACE = "in grace"
    ABANDONED = "abandoned"
    REUSED = "reused"


Matrix = dict[TokenState, dict[RefreshColumn, Outcome]]
"""State of the access token -> what became of the refresh token -> outcome."""

VALID, EXPIRED, INVALID, ABSENT = TokenState
PROCEED, CLEAR, ROTATE, REDELIVER, ACCESS, RENEW, REUSE, LOG_IN, ANONYMOUS, INCOMPLETE = Outcome


def _matrix(*rows: tuple[Outcome, ...]) -> Matrix:
    return {access: dict(zip(RefreshColumn, row, strict=True)) for access, row in zip(_ROW_ORDER, rows, strict=True)}


_ROW_ORDER = (VALID, EXPIRED, ABSENT, INVALID)

# fmt: off
PAGES = _matrix(
    # refresh:  ABSENT      INVALID  RENEWABLE  EXPIRED  CURRENT  SUPERSEDED  IN_GRACE  ABANDONED  REUSED
    (           PROCEED,    CLEAR,   RENEW,     PROCEED, PROCEED, PROCEED,    PROCEED,  PROCEED,   REUSE),   # VALID
    (           LOG_IN,     LOG_IN,  LOG_IN,    LOG_IN,  ROTATE,  REDELIVER,  ACCESS,   LOG_IN,    REUSE),   # EXPIRED
    (           ANONYMOUS,  LOG_IN,  LOG_IN,    LOG_IN,  ROTATE,  REDELIVER,  ACCESS,   LOG_IN,    REUSE),   # ABSENT
    (           LOG_IN,     LOG_IN,  LOG_IN,    LOG_IN,  ROTATE,  REDELIVER,  ACCESS,   LOG_IN,    REUSE),   # INVALID
)
API_REFRESH = _matrix(
    # refresh:  ABSENT      INVALID  RENEWABLE  EXPIRED  CURRENT  SUPERSEDED  IN_GRACE  ABANDONED  REUSED
    (           INCOMPLETE, LOG_IN,  RENEW,     LOG_IN,  ROTATE,  REDELIVER,  ACCESS,   LOG_IN,    REUSE),   # VALID
    (           INCOMPLETE, LOG_IN,  LOG_IN,    LOG_IN,  ROTATE,  REDELIVER,  ACCESS,   LOG_IN,    REUSE),   # EXPIRED
    (           LOG_IN,     LOG_IN,  LOG_IN,    LOG_IN,  LOG_IN,  LOG_IN,     LOG_IN,   LOG_IN,    LOG_IN),  # ABSENT
    (           LOG_IN,     LOG_IN,  LOG_IN,    LOG_IN,  LOG_IN,  LOG_IN,     LOG_IN,   LOG_IN,    LOG_IN),  # INVALID
)
# fmt: on


_OF_STANDING = {standing: RefreshColumn(standing.value) for standing in Standing if standing is not Standing.UNKNOWN}


def refresh_column(state: TokenState, standing: Standing | None, *, renewable: bool) -> RefreshColumn:
    """Name the matrix column of a refresh token.

    `standing` is what `classify` said, or None where the database was not asked (token absent or not authentic).
    `renewable` says that the token expired no longer ago than the renewal window and that the access token is
    old enough to renew it; it matters for expired tokens only.
    """
    if state is TokenState.ABSENT:
        return RefreshColumn.ABSENT
    if state is TokenState.INVALID or standing is None or standing is Standing.UNKNOWN:
        return RefreshColumn.INVALID
    if state is TokenState.EXPIRED:
        # An expired token is never REUSE, or any old leaked one would be a switch that ends the session.
        successor_known = standing in (Standing.CURRENT, Standing.SUPERSEDED)
        return RefreshColumn.RENEWABLE if successor_known and renewable else RefreshColumn.EXPIRED
    return _OF_STANDING[standing]


def decide(access: TokenState, refresh: RefreshColumn, matrix: Matrix = PAGES) -> Outcome:
    """Say what happens to a request whose session is live. Called by core/judgement.py alone."""
    return matrix[access][refresh]


_CASES = {(case.access, case.refresh): case for case in FOUR_CASES}


def case_of(access: TokenState, refresh: TokenState) -> Case | None:
    """The row of the four-case table two tokens fall into; None for a refresh token that is absent or invalid."""
    return _CASES.get((VALID if access is VALID else EXPIRED, refresh))
