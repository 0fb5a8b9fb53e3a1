"""No state without words. For everything the code can decide, every page that tells of it has a sentence."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping

import pytest

from webapp.core.claims import Refusal
from webapp.core.decision import PAGES, Outcome, RefreshColumn, TokenState
from webapp.core.demands import Unmet
from webapp.core.events import Event
from webapp.core.rotation import Refreshed
from webapp.core.session import Ending, EndReason
from webapp.web import login_page, server_timing
from webapp.web.api.docs import ANSWER_WORDS
from webapp.web.inspector.words import REASON
from webapp.web.words import tokens
from webapp.web.words.events import EVENTS
from webapp.web.words.sessions import ENDINGS

OF_PAGES = {outcome for row in PAGES.values() for outcome in row.values()}


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (Event, EVENTS),
        ([*EndReason, *Ending], ENDINGS),
        ([*EndReason, *Unmet], login_page.NOTICES),
        ([refusal for refusal in Refusal if refusal is not Refusal.CLAIM], REASON),
        (OF_PAGES, tokens.OUTCOME),
        (OF_PAGES, tokens.CELL),
        (OF_PAGES, tokens.CELL_CLASS),
        (RefreshColumn, tokens.COLUMN),
        (TokenState, tokens.STATE),
        (Refreshed, tokens.WHAT),
    ],
    ids=lambda value: "",
)
def test_every_state_has_words(states: Collection[str], words: Mapping[str, object]) -> None:
    """Each table of words has an entry for every state."""
    assert [state for state in states if state not in words] == []


def test_the_api_manual_has_words_for_every_answer() -> None:
    """The API manual describes every outcome of the API, and those of pages alone are left out."""
    answers: Container[Outcome] = ANSWER_WORDS
    assert [outcome for outcome in Outcome if outcome not in answers] == [
        Outcome.PROCEED,
        Outcome.PROCEED_CLEAR_REFRESH,
        Outcome.ANONYMOUS,
    ]


def test_server_timing_has_words_for_every_refresh_that_gives_something() -> None:
    """Server-Timing has words for each refresh that gives a token, and for no other."""
    gives_nothing = {Refreshed.ENDED, Refreshed.TOO_LATE, Refreshed.OVERTAKEN, Refreshed.TOO_OFTEN}
    assert set(server_timing._DONE) == set(Refreshed) - gives_nothing
