"""Sessions in words, for the pages that list them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webapp.core.devices import Device, recognise, shortened
<<<<<<< HEAD
from webapp.core.lifetimes import DAY, MINUTE
=======
from webapp.core.events import Event
from webapp.core.lifetimes import DAY
from webapp.core.session import Ending, EndReason
>>>>>>> main
from webapp.services import services
from webapp.store.session_list import ListedSession

ENDED_SHOWN_FOR = 30 * DAY
"""Seconds an ended session stays in its owner's list."""

<<<<<<< HEAD
ACTIVE_FOR = 3 * MINUTE
"""Seconds after its last request in which a session is called active."""

ENDINGS = {
    "logout": _l("You logged out."),
    "ended": _l("Ended from another device."),
    "reuse": _l("An old token was used again."),
    "password": _l("The password was changed."),
    "admin": _l("Ended by an administrator."),
    "replaced": _l("The same browser logged in again."),
    "limit": _l("Too many devices; this session was unused the longest."),
    "expired": _l("Expired: the maximum session length was reached."),
    "unused": _l("Expired: not used for too long."),
    "disabled": _l("The account was disabled."),
    "credentials": _l("All sessions of the account were ended."),
=======
ENDINGS: dict[str, LazyString] = {
    EndReason.LOGOUT: _l("You logged out."),
    EndReason.ENDED: _l("Ended from another device."),
    EndReason.REUSE: _l("An old token was used again."),
    EndReason.PASSWORD: _l("The password was changed."),
    EndReason.ADMIN: _l("Ended by an administrator."),
    EndReason.REPLACED: _l("The same browser logged in again."),
    EndReason.LIMIT: _l("Too many devices; this session was unused the longest."),
    EndReason.ADDRESS: _l("The email address was changed."),
    Ending.EXPIRED: _l("Expired: the maximum session length was reached."),
    Ending.UNUSED: _l("Expired: not used for too long."),
    Ending.DISABLED: _l("The account was disabled."),
    Ending.CREDENTIALS: _l("All sessions of the account were ended."),
>>>>>>> main
}
"""Why a session ended, by reason (see ListedSession.ending)."""

ICONS = {"desktop": "desktop", "phone": "phone", "tablet": "tablet", "program": "terminal"}


class ShownSession(NamedTuple):
    """What a page shows of one session."""

    sid: str
    device: str
    icon: str
    place: str
    channel: str
    started: int
    seen: int
    active: bool
    """Seen within the last minutes."""
    ends: int
    """When it ends if it is not used again: Unix seconds."""
    persistent: bool
    current: bool
    ended: int | None
    reason: Any


def device_words(device: Device) -> str:
    """ "Chrome on Windows", or as much of it as is known."""
    if device.browser and device.system:
        if device.browser in ("KakaoTalk", "NAVER"):
            return str(_("%(app)s app on %(system)s", app=device.browser, system=device.system))
        return str(_("%(browser)s on %(system)s", browser=device.browser, system=device.system))
    return device.browser or device.system or str(_("Unknown device"))


def shown(
    sessions: Iterable[ListedSession], now: int, current_sid: str = ""
) -> tuple[list[ShownSession], list[ShownSession]]:
    """The living sessions, this one first, and the ended ones, last ended first."""
    window = services().settings.lifetimes.renewal_window
    alive: list[ShownSession] = []
    over: list[ShownSession] = []
    for session in sessions:
        ending = session.ending(now, window)
        device = recognise(session.user_agent)
        item = ShownSession(
            sid=session.sid,
            device=device_words(device),
            icon=ICONS[device.kind],
            place=shortened(session.ip_address),
            channel=session.channel,
            started=session.created_at,
            seen=session.last_seen_at,
            active=now - session.last_seen_at < ACTIVE_FOR,
            ends=min(session.expires_at, session.refresh_expires_at + window),
            persistent=session.persistent,
            current=session.sid == current_sid,
            ended=ending[1] if ending else None,
            reason=ENDINGS.get(ending[0], ENDINGS[EndReason.ENDED]) if ending else None,
        )
        (over if ending else alive).append(item)
    alive.sort(key=lambda item: (not item.current, -item.seen))
    over.sort(key=lambda item: -(item.ended or 0))
    return alive, [item for item in over if (item.ended or 0) > now - ENDED_SHOWN_FOR]
<<<<<<< HEAD
=======


EVENTS: dict[str, tuple[str, LazyString]] = {
    Event.ACCOUNT_CREATED: ("ok", _l("Account created.")),
    Event.LOGIN_SUCCEEDED: ("ok", _l("Logged in.")),
    Event.LOGIN_FAILED: ("bad", _l("Failed login attempt.")),
    Event.LOGIN_LIMITED: ("bad", _l("Too many wrong passwords: logging in was paused for a while.")),
    Event.SESSION_STARTED: ("", _l("A session started.")),
    Event.SESSION_REVOKED: ("", _l("A session ended.")),
    Event.REFRESH_RENEWED: ("", _l("An expired refresh token was reissued because the access token was still valid.")),
    Event.REFRESH_REDELIVERED: ("", _l("The same refresh token was sent again because the first response was lost.")),
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
    Event.ACCOUNT_EXPORTED: ("", _l("All data of the account was downloaded.")),
    Event.ACCOUNT_DELETED: ("bad", _l("The account was deleted.")),
    Event.KEYS_ROTATED: ("", _l("A signing key was replaced.")),
    Event.KEYS_RETIRED: ("bad", _l("A signing key was retired: its tokens no longer work.")),
}
"""Event -> (tone, words). A test demands words for each."""


class ShownEvent(NamedTuple):
    """What a page shows of one event."""

    id: int
    at: int
    name: str
    tone: str
    words: Any
    details: list[str]


def shown_events(rows: Iterable[EventRow], *, names: dict[str, str] | None = None) -> list[ShownEvent]:
    """Events in words. `names` (user names by id) are given to administrators only; others read "an administrator"."""
    found = []
    for row in rows:
        tone, words = EVENTS.get(row.event, ("", row.event))
        found.append(ShownEvent(row.id, row.at, row.event, tone, words, _details(row, names)))
    return found


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
>>>>>>> main
