"""One sentence on what just happened, for the strip under the controls and for screen readers."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import ngettext

from webapp.core.decision import Outcome, TokenState
from webapp.core.rotation import Refreshed
from webapp.store.lab_requests import Record
from webapp.web.lab.board import Board, kind_of, lit_case
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words import tokens as words

TOLD = {
    Outcome.PROCEED: _l("Both tokens were valid, so nothing had to change."),
    Outcome.ROTATE: _l("Your access token had expired; you were served all the same, and both tokens were replaced."),
    Outcome.REDELIVER: _l(
        "Your access token had expired. The refresh token had already been replaced by another request."
    ),
    Outcome.ACCESS_ONLY: _l(
        "Your access token had expired. The new refresh token was already in use, so only it was reissued."
    ),
    Outcome.RENEW: _l("Your refresh token had expired; the access token was still valid, so it was reissued."),
    Outcome.LOG_IN: _l("Both tokens had expired, so you had to log in again."),
}
"""What one of the four cases was, by its outcome."""

FORKED = _l("Your access token had expired. Nobody had used the new refresh token yet, so another one took its place.")

PULLED = {
    "access": _l("Then it let your access token expire."),
    "refresh": _l("Then it let your refresh token expire."),
    "both": _l("Then it let both tokens expire."),
    "fast": _l("Then it gave your session short lifetimes: 15 and 45 seconds."),
    "normal": _l("Then it gave your session its normal lifetimes again."),
    "reset": _l("Then it reset the lab: two new tokens, normal lifetimes, an empty history."),
    "proved": _l("Then you proved who you are: auth_time moved, and the refresh token was replaced."),
    "proved_young": _l(
        "Then auth_time moved. The refresh token stayed, because other tabs may still be using the one before."
    ),
    "unproved": _l("Then the password or the code was wrong, so nothing changed."),
    "nothing": _l("Another tab got there first, so it changed nothing more. Try again."),
}
"""What a control did after its own request had been decided."""


class Chip(NamedTuple):
    """A fact of the request in a few characters."""

    kind: str
    """`access`, `refresh`, or empty."""
    words: str
    changed: bool = False


class Strip(NamedTuple):
    """What the newest request was."""

    kind: str
    number: int | None
    """Of its case; None where it was none of the four."""
    sentence: str
    chips: list[Chip]


def strip_of(last: Record) -> Strip:
    """The newest request, in a sentence and a few facts."""
    number = lit_case(TokenState(last.access), TokenState(last.refresh), Outcome(last.outcome))
    sentence = _what_it_was(last, number)
    if last.lever:
        sentence = f"{_what_the_click_was(last, number)} {PULLED[last.lever]}"
    return Strip(kind_of(last), number, sentence, _chips(last))


def said(strip: Strip | None, board: Board) -> str:
    """What the newest request was, and which case comes next."""
    sentences = [strip.sentence] if strip else []
    if board.case:
        sentences.append(_("Your next request is case %(number)s.", number=board.case))
    else:
        sentences.append(_("Your next request is none of the four cases."))
    return " ".join(sentences)


def _what_it_was(last: Record, number: int | None) -> str:
    outcome = Outcome(last.outcome)
    if number and outcome in TOLD:
        told = FORKED if last.what == Refreshed.FORKED else TOLD[outcome]
        return str(_("That was case %(number)s.", number=number) + " " + told)
    return str(_("That was none of the four cases: %(what)s.", what=words.OUTCOME[outcome]))


def _what_the_click_was(last: Record, number: int | None) -> str:
    if number:
        return str(_("Your click was itself a request: case %(number)s.", number=number))
    return str(_("Your click was itself a request: %(what)s.", what=words.OUTCOME[Outcome(last.outcome)]))


def _chips(last: Record) -> list[Chip]:
    chips = []
    held = (last.access_token, last.refresh_token)
    for name, sent, life in zip(("access", "refresh"), last.sent, held, strict=True):
        changed = f"+{name}" in last.cookies
        letter = name[0]
        if life is None:
            chips.append(
                Chip(name, f"{letter}{sent} → –" if sent is not None else f"{letter} –", changed=sent is not None)
            )
        elif changed and not last.lever and sent is not None:
            chips.append(Chip(name, f"{letter}{sent} → {letter}{life.generation}", changed=True))
        else:
            chips.append(Chip(name, f"{letter}{life.generation}"))
    count = len(last.cookies)
    chips.append(Chip("", ngettext("%(num)s Set-Cookie", "%(num)s Set-Cookie", count) if count else _("no Set-Cookie")))
    chips.append(Chip("", f"{last.microseconds / 1000:.1f} ms"))
    return chips
