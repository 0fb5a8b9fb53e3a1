"""What the next request will be: the tokens the browser will hold, judged by the code that will judge them then."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from webapp.core.claims import Verdict
from webapp.core.decision import Outcome, RefreshColumn, TokenState, case_of
from webapp.core.inspector.take_apart import Claim, explain
from webapp.core.judgement import Judgement
from webapp.core.jws import read_token
from webapp.core.tokens import Tokens
from webapp.flows.judge import judge

AS_IN_THE_TABLE = {
    1: frozenset({Outcome.LOG_IN}),
    2: frozenset({Outcome.ROTATE, Outcome.REDELIVER, Outcome.ACCESS_ONLY}),
    3: frozenset({Outcome.RENEW}),
    4: frozenset({Outcome.PROCEED}),
}
"""Outcomes in which a case goes as its row says. A session that has ended, or reuse, is outside the table."""


STATE_OF_COLUMN = {
    RefreshColumn.ABSENT: TokenState.ABSENT,
    RefreshColumn.INVALID: TokenState.INVALID,
    RefreshColumn.RENEWABLE: TokenState.EXPIRED,
    RefreshColumn.EXPIRED: TokenState.EXPIRED,
}
"""What the verifier says of a refresh token in this column; of all others, that it is valid."""


class TokenView(NamedTuple):
    """One token, decoded, never its text."""

    name: str
    state: TokenState
    header: tuple[Claim, ...]
    claims: tuple[Claim, ...]
    issued_at: int | None = None
    expires_at: int | None = None
    generation: int | None = None

    def left(self, now: int) -> int:
        """Seconds until it expires; 0 once it has."""
        return max((self.expires_at or now) - now, 0)

    @property
    def life(self) -> int:
        """Seconds from issue to expiry; at least 1."""
        return max((self.expires_at or 0) - (self.issued_at or 0), 1)


class Board(NamedTuple):
    """The next request, foretold."""

    judgement: Judgement
    outcome: Outcome
    case: int | None
    """Row of the four-case table it takes; None where what happens is not in that table."""
    access: TokenView
    refresh: TokenView


def lit_case(access: TokenState, refresh: TokenState, outcome: Outcome) -> int | None:
    """Number of the row of the four-case table that a request took, or will take."""
    case = case_of(access, refresh)
    return case.number if case and outcome in AS_IN_THE_TABLE[case.number] else None


def case_of_cell(access: TokenState, column: RefreshColumn, outcome: Outcome) -> int | None:
    """Number of the case that a cell of the matrix is; None where it is none of the four."""
    return lit_case(access, STATE_OF_COLUMN.get(column, TokenState.VALID), outcome)


class Seen(Protocol):
    """A request that was judged, as its record or its witness tells: states and outcome in their own words."""

    @property
    def access(self) -> str: ...
    @property
    def refresh(self) -> str: ...
    @property
    def outcome(self) -> str: ...


def kind_of(seen: Seen) -> str:
    """How a request is drawn: `case-` and its number, `theft`, or `other`."""
    return _kind(seen.access, seen.refresh, seen.outcome)


@lru_cache(maxsize=256)
def _kind(access: str, refresh: str, outcome: str) -> str:
    if not outcome:
        return "other"
    if outcome == Outcome.REUSE:
        return "theft"
    case = lit_case(TokenState(access), TokenState(refresh), Outcome(outcome))
    return f"case-{case}" if case else "other"


def foretell(tokens: Tokens, access: str | None, refresh: str | None, now: int) -> Board:
    """Judge two token texts as the next request's at `now`. Reads, changes nothing. Raises DatabaseUnavailable."""
    judgement = judge(tokens, access, refresh, "web", now)
    return Board(
        judgement,
        judgement.outcome,
        lit_case(judgement.access.state, judgement.refresh.state, judgement.outcome),
        _view("access", access, judgement.access),
        _view("refresh", refresh, judgement.refresh),
    )


def fresh_until(board: Board, within: int) -> int | None:
    """Until when the person counts as having just proved who they are (Unix seconds); None where no token says so.

    As `core/freshness.is_fresh`: by the access token's `auth_time`, which never counts for more than the row's.
    """
    row, claims = board.judgement.row, board.judgement.access.claims
    return claims.auth_time + within if claims and row and claims.auth_time <= row.auth_time else None


def _view(name: str, text: str | None, verdict: Verdict[Any]) -> TokenView:
    claims = verdict.claims
    if claims is None or text is None:
        return TokenView(name, verdict.state, (), ())
    return TokenView(name, verdict.state, *_explained(text), claims.iat, claims.exp, claims.gen)


@lru_cache(maxsize=256)
def _explained(text: str) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """Header and claims of a token that was found authentic."""
    header, payload = read_token(text)
    return tuple(explain(header)), tuple(explain(payload))
