"""What `POST /api/v1/refresh` answers: the matrix of core/decision.py for clients that send their tokens on purpose.

Same rows, same columns, same words. It differs from the pages in two ways: a client that asks for a refresh gets one
while its access token is still valid, and an access token that is absent or not ours ends the matter, since here
*both* tokens are asked for: a refresh token found alone neither renews anything nor ends anybody's session.
"""

from __future__ import annotations

from enum import StrEnum

from webapp.core.decision import Outcome, RefreshColumn, TokenState


class Answer(StrEnum):
    """The outcomes of this endpoint. All but MISSING and REFUSE carry the name of the pages' Outcome."""

    MISSING = "missing"
    """400: the body holds no refresh token."""
    REFUSE = "refuse"
    """401; nothing changes."""
    ROTATE = Outcome.ROTATE.value
    """200: a new access token and the refresh token of the next generation (case 2)."""
    RENEW = Outcome.RENEW.value
    """200: the same, for a refresh token that expired a moment ago (case 3)."""
    REDELIVER = Outcome.REDELIVER.value
    """200: a new access token, and the same successor once more."""
    ACCESS = Outcome.ACCESS_ONLY.value
    """200: a new access token alone."""
    THEFT = Outcome.THEFT.value
    """401; the session ends."""


MISSING, REFUSE, ROTATE, RENEW, REDELIVER, ACCESS, THEFT = Answer
VALID, EXPIRED, INVALID, ABSENT = TokenState

# fmt: off
_ROWS = {
    # refresh:  ABSENT     INVALID  RENEWABLE  EXPIRED  CURRENT  SUPERSEDED  IN_GRACE  REUSED
    VALID:     (MISSING,   REFUSE,  RENEW,     REFUSE,  ROTATE,  REDELIVER,  ACCESS,   THEFT),
    EXPIRED:   (MISSING,   REFUSE,  REFUSE,    REFUSE,  ROTATE,  REDELIVER,  ACCESS,   THEFT),
    ABSENT:    (REFUSE,    REFUSE,  REFUSE,    REFUSE,  REFUSE,  REFUSE,     REFUSE,   REFUSE),
    INVALID:   (REFUSE,    REFUSE,  REFUSE,    REFUSE,  REFUSE,  REFUSE,     REFUSE,   REFUSE),
}
# fmt: on

API_REFRESH: dict[TokenState, dict[RefreshColumn, Answer]] = {
    access: dict(zip(RefreshColumn, answers, strict=True)) for access, answers in _ROWS.items()
}
"""State of the access token -> what became of the refresh token -> answer."""


def decide_refresh(access: TokenState, refresh: RefreshColumn) -> Answer:
    """Say what `POST /api/v1/refresh` answers where the session is live."""
    return API_REFRESH[access][refresh]


def outcome_of(answer: Answer) -> Outcome:
    """The outcome of the pages' table that carries out this answer. LOG_IN where nothing is issued."""
    return Outcome.LOG_IN if answer in (Answer.MISSING, Answer.REFUSE) else Outcome(answer.value)
