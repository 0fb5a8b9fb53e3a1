"""The audit trail in words, for the pages that show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask_babel.speaklater import LazyString

from webapp.core.devices import shortened
from webapp.core.events import Event
from webapp.core.lifetimes import MINUTE
from webapp.store.events import EventRow
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.sessions import ENDINGS

RUN = MINUTE
"""Seconds between two events of the same kind in one session that are told as one."""

EVENTS: dict[str, tuple[str, LazyString]] = {
    Event.ACCOUNT_CREATED: ("ok", _l("Account created.")),
    Event.LOGIN_SUCCEEDED: ("ok", _l("Logged in.")),
    Event.LOGIN_CHALLENGED: ("", _l("The password was right; another step was asked for.")),
    Event.LOGIN_FAILED: ("bad", _l("Failed login attempt.")),
    Event.LOGIN_LIMITED: ("bad", _l("Too many wrong passwords: logging in was paused for a while.")),
    Event.SESSION_STARTED: ("", _l("A session started.")),
    Event.SESSION_REVOKED: ("", _l("A session ended.")),
    Event.REFRESH_RENEWED: ("", _l("An expired refresh token was reissued because the access token was still valid.")),
    Event.REFRESH_REDELIVERED: (
        "",
        _l("Your login was renewed a second time: several requests came at once, or a response was lost."),
    ),
    Event.REFRESH_REUSED: ("bad", _l("An old refresh token was used again, so the session was ended.")),
    Event.REFRESH_ABANDONED: (
        "bad",
        _l("A refresh token came back that a newer one had replaced, so that browser has to log in again."),
    ),
    Event.REFRESH_UNKNOWN: ("bad", _l("An unknown refresh token was received.")),
    Event.TOKEN_INVALID: ("bad", _l("An invalid token was received.")),
    Event.TOKEN_PAIR_MISMATCH: ("bad", _l("Two tokens from different sessions arrived in one request.")),
    Event.COOKIE_DUPLICATE: ("bad", _l("A token cookie was sent twice in one request.")),
    Event.PASSWORD_CHANGED: ("ok", _l("The password was changed.")),
    Event.PASSWORD_RESET: ("ok", _l("A new password was chosen with a mailed link.")),
    Event.RESET_ASKED: ("", _l("A link for choosing a new password was mailed.")),
    Event.MAIL_FAILED: ("bad", _l("A mail could not be delivered.")),
    Event.ROLE_CHANGED: ("", _l("The role was changed.")),
    Event.ACCOUNT_DISABLED: ("bad", _l("The account was disabled.")),
    Event.ACCOUNT_ENABLED: ("ok", _l("The account was enabled.")),
    Event.EMAIL_CONFIRMED: ("ok", _l("The email address was confirmed.")),
    Event.EMAIL_CHANGE_ASKED: ("", _l("A new email address was asked for.")),
    Event.EMAIL_CHANGED: ("ok", _l("The email address was changed.")),
    Event.FACTOR_ADDED: ("ok", _l("A second step was set up.")),
    Event.FACTOR_REMOVED: ("bad", _l("A second step was removed.")),
    Event.FACTOR_FAILED: ("bad", _l("The password was right, and the second step failed.")),
    Event.FACTOR_LIMITED: ("bad", _l("The second step failed too often, so it was paused for a while.")),
    Event.PASSKEY_COUNTER: (
        "",
        _l("The counter of a passkey did not rise. It may be synced, or there may be a copy of it."),
    ),
    Event.FACTORS_RESET: ("bad", _l("All second steps of the account were removed.")),
    Event.CODES_MADE: ("ok", _l("New recovery codes were made.")),
    Event.CODE_USED: ("", _l("A recovery code was used.")),
    Event.STEP_UP_PASSED: ("ok", _l("Identity confirmed again before a sensitive change.")),
    Event.STEP_UP_FAILED: ("bad", _l("Identity not confirmed: the password or the code was wrong.")),
    Event.ACCOUNT_EXPORTED: ("", _l("All data of the account was downloaded.")),
    Event.ACCOUNT_DELETED: ("bad", _l("The account was deleted.")),
    Event.KEYS_ROTATED: ("", _l("A signing key was replaced.")),
    Event.KEYS_RETIRED: ("bad", _l("A signing key was retired. Its tokens no longer work.")),
}
"""Event -> (tone, words). A test demands words for each."""

FROM_THE_LAB: dict[str, Any] = {
    Event.SESSION_STARTED: _l("a temporary session was opened for an experiment."),
    Event.SESSION_REVOKED: _l("the temporary session was ended."),
    Event.REFRESH_REDELIVERED: _l("your login was renewed a second time."),
    Event.REFRESH_REUSED: _l("an old refresh token was used again, as the experiment has it."),
    Event.REFRESH_ABANDONED: _l("a replaced refresh token came back, as the experiment has it."),
    Event.TOKEN_INVALID: _l("an invalid token was sent, as the experiment has it."),
}
"""What an event of an experiment was. It has no other cause than the experiment, so it is given none."""


class ShownEvent(NamedTuple):
    """What a page shows of one event, or of a run of the same."""

    id: int
    at: int
    name: str
    tone: str
    words: Any
    details: list[str]
    times: int
    """How many events of this kind stand together."""
    lab: bool


def shown_events(
    rows: Iterable[EventRow], *, names: dict[str, str] | None = None, lab: frozenset[str] = frozenset()
) -> list[ShownEvent]:
    """Events in words, newest first, runs of the same told once.

    `names` (user names by id) are given to administrators only; others read "an administrator". `lab` are the ids of
    sessions that experiments of the lab opened.
    """
    found: list[tuple[EventRow, ShownEvent]] = []
    for row in rows:
        shown = _shown(row, names, row.sid in lab)
        if found and _continues(found[-1][0], row) and found[-1][1].details == shown.details:
            found[-1] = (row, found[-1][1]._replace(times=found[-1][1].times + 1))
        else:
            found.append((row, shown))
    return [shown for _row, shown in found]


def _continues(later: EventRow, row: EventRow) -> bool:
    return (later.event, later.sid) == (row.event, row.sid) and row.sid is not None and later.at - row.at <= RUN


def _shown(row: EventRow, names: dict[str, str] | None, lab: bool) -> ShownEvent:
    tone, words = EVENTS.get(row.event, ("", row.event))
    if lab:
        tone, words = "lab", _("From the lab: %(what)s", what=FROM_THE_LAB.get(row.event, words))
    return ShownEvent(row.id, row.at, row.event, tone, words, [] if lab else _details(row, names), 1, lab)


def _details(row: EventRow, names: dict[str, str] | None) -> list[str]:
    detail = row.detail
    lines = []
    reason = detail.get("reason")
    if row.event == Event.SESSION_REVOKED and reason in ENDINGS:
        lines.append(str(ENDINGS[reason]))
    if row.event == Event.ROLE_CHANGED:
        lines.append(_("from %(old)s to %(new)s", old=_role(detail.get("from")), new=_role(detail.get("to"))))
    if detail.get("during"):
        lines.append(_("during a password change"))
    by = detail.get("by")
    if by == "command line":
        lines.append(_("on the command line"))
    elif by:
        lines.append(_("by an administrator") if names is None else _("by %(name)s", name=names.get(by, by)))
    if row.ip_address:
        lines.append(_("from %(place)s", place=shortened(row.ip_address)))
    return lines


def _role(role: Any) -> str:
    return str(_("administrator") if role == "admin" else _("user"))
