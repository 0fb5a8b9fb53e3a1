"""One sentence on what just happened and what comes next, for screen readers."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.core.decision import Outcome, TokenState
from webapp.store.lab_requests import Record
from webapp.web.lab.board import Board, lit_case
from webapp.web.words import tokens as words


def said(last: Record | None, notice: object | None, board: Board) -> str:
    """What the newest request was, what a lever did, and which case comes next."""
    sentences = [_what_it_was(last)] if last else []
    if notice is not None:
        sentences.append(str(notice))
    if board.case:
        sentences.append(_("Your next request is case %(number)s.", number=board.case))
    else:
        sentences.append(_("Your next request is none of the four cases."))
    return " ".join(sentences)


def _what_it_was(last: Record) -> str:
    outcome = Outcome(last.outcome)
    number = lit_case(TokenState(last.access), TokenState(last.refresh), outcome)
    if number:
        return str(_("That was case %(number)s: %(what)s.", number=number, what=words.OUTCOME[outcome]))
    return str(_("That was none of the four cases: %(what)s.", what=words.OUTCOME[outcome]))
