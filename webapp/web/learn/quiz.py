"""`/learn/quiz`: ten situations out of the very table that decides, what happens next, and why.

The answers are part of the address, so nothing is stored and no script is needed.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from flask import request
from flask_babel.speaklater import LazyString

from webapp.core.decision import PAGES, Outcome, RefreshColumn, TokenState, case_of
from webapp.web.texts import lazy_gettext as _l

QUESTIONS = 10
MOST_DRAWS = 1000

ANSWERS = {
    "stay": _l("Served. Both tokens stay as they are."),
    "both": _l("Served, with a new access token and a new refresh token."),
    "access": _l("Served, with a new access token only."),
    "refresh": _l("Served, with a new refresh token only."),
    "login": _l("Not served: log in. No session is ended."),
    "end": _l("Not served: the session ends."),
}
"""What a visitor may answer."""

_ANSWER_OF = {
    Outcome.PROCEED: "stay",
    Outcome.PROCEED_CLEAR_REFRESH: "stay",
    Outcome.ROTATE: "both",
    Outcome.REDELIVER: "both",
    Outcome.ACCESS_ONLY: "access",
    Outcome.RENEW: "refresh",
    Outcome.LOG_IN: "login",
    Outcome.ANONYMOUS: "login",
    Outcome.INCOMPLETE: "login",
}

WITH_ACCESS: dict[str, LazyString] = {
    "absent": _l("A valid access token is enough until it expires. Without a refresh token nothing is renewed."),
    "invalid, unknown": _l("A valid access token is enough. The refresh token is useless, so its cookie is cleared."),
    "expired, in the window": _l(
        "The access token proves who you are, and the refresh token expired a moment ago, so it is reissued."
    ),
    "expired": _l("A valid access token is enough. The refresh token expired too long ago to be reissued."),
    "current": _l("Both are valid, so there is nothing to do."),
    "superseded": _l("The access token is valid, so there is nothing to renew yet."),
    "in grace": _l("The access token is valid, so there is nothing to renew yet."),
    "abandoned": _l("The access token is valid, so there is nothing to renew yet."),
    "reused": _l(
        "An old refresh token came back long after the new one was in use. It may be a copy, and a "
        "valid access token may be a copy, too."
    ),
}
"""Why, with a valid access token, by what became of the refresh token."""

WITHOUT_ACCESS: dict[str, LazyString] = {
    "absent": _l("Nothing here could get you a new token."),
    "invalid, unknown": _l("A refresh token that is not genuine never gets you a new token."),
    "expired, in the window": _l("An expired refresh token can only be reissued together with a valid access token."),
    "expired": _l("Neither token counts any more."),
    "current": _l("The refresh token is the one in the database, so both are replaced and the same request is served."),
    "superseded": _l(
        "It was replaced, but the new one has not been used, so the response may be lost. So you get a new "
        "token once more."
    ),
    "in grace": _l(
        "Another tab has just used the new refresh token. This request was already on its way, so it gets an "
        "access token only."
    ),
    "abandoned": _l(
        "A later token has overtaken it and is in use. Nothing is ended now; your next login ends this session."
    ),
    "reused": _l(
        "An old refresh token came back long after the new one was in use. It may be a copy, so the session ends."
    ),
}
"""Why, with an access token that is expired, invalid or absent."""


class Question(NamedTuple):
    """One situation, and what the visitor made of it."""

    number: int
    access: TokenState
    column: RefreshColumn
    chosen: str
    """Key of ANSWERS; empty while it is not answered."""
    right: str
    reason: LazyString
    case: int | None
    """The number of the four-case table's row, where the two tokens make one."""

    @property
    def name(self) -> str:
        """Its field in the form, and its anchor."""
        return f"q{self.number}"

    @property
    def is_right(self) -> bool:
        return self.chosen == self.right


def ask() -> tuple[int, list[Question]]:
    """The draw this request is about, and its questions with the answers given so far."""
    draw = request.args.get("draw", 1, type=int)
    draw = draw if 0 < draw <= MOST_DRAWS else 1
    return draw, [_question(n, access, column) for n, (access, column) in enumerate(situations(draw), start=1)]


def situations(draw: int) -> list[tuple[TokenState, RefreshColumn]]:
    """Ten cells of the matrix, the same for the same number: the four cases, and six others by chance."""
    four = [
        (TokenState.EXPIRED, RefreshColumn.EXPIRED),
        (TokenState.EXPIRED, RefreshColumn.CURRENT),
        (TokenState.VALID, RefreshColumn.RENEWABLE),
        (TokenState.VALID, RefreshColumn.CURRENT),
    ]
    others = [(access, column) for access, row in PAGES.items() for column in row if (access, column) not in four]
    chance = Random(draw)  # noqa: S311 - a quiz, not a secret
    drawn = four + chance.sample(others, QUESTIONS - len(four))
    chance.shuffle(drawn)
    return drawn


def answer_of(outcome: Outcome) -> str:
    """The key of ANSWERS that says what this outcome is to a visitor."""
    return _ANSWER_OF.get(outcome, "end")


def reason_of(access: TokenState, column: RefreshColumn) -> LazyString:
    """Why this cell says what it says."""
    return (WITH_ACCESS if access is TokenState.VALID else WITHOUT_ACCESS)[column.value]


def case_number(access: TokenState, column: RefreshColumn) -> int | None:
    """Which of the four cases the two tokens make, before the database is asked; None for none of them."""
    case = case_of(access, _state_of(column))
    return case.number if case else None


def _question(number: int, access: TokenState, column: RefreshColumn) -> Question:
    chosen = request.args.get(f"q{number}", "")
    return Question(
        number,
        access,
        column,
        chosen if chosen in ANSWERS else "",
        answer_of(PAGES[access][column]),
        reason_of(access, column),
        case_number(access, column),
    )


def _state_of(column: RefreshColumn) -> TokenState:
    match column:
        case RefreshColumn.ABSENT:
            return TokenState.ABSENT
        case RefreshColumn.INVALID:
            return TokenState.INVALID
        case RefreshColumn.RENEWABLE | RefreshColumn.EXPIRED:
            return TokenState.EXPIRED
    return TokenState.VALID
