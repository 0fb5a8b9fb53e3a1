"""Sessions in words, for the pages that list them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask_babel.speaklater import LazyString

from webapp.core.devices import Device, recognise, shortened
from webapp.core.freshness import CODE, PASSKEY, PASSWORD
from webapp.core.lifetimes import DAY, MINUTE
from webapp.core.session import Ending, EndReason
from webapp.services import services
from webapp.store.session_list import ListedSession
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l

ENDED_SHOWN_FOR = 30 * DAY
"""Seconds an ended session stays in its owner's list."""

ACTIVE_FOR = 3 * MINUTE
"""Seconds after its last request in which a session is called active."""

ENDINGS: dict[str, LazyString] = {
    EndReason.LOGOUT: _l("You logged out."),
    EndReason.ENDED: _l("Ended from another device."),
    EndReason.REUSE: _l("An old token was used again."),
    EndReason.PASSWORD: _l("The password was changed."),
    EndReason.ADMIN: _l("Ended by an administrator."),
    EndReason.REPLACED: _l("The same browser logged in again."),
    EndReason.LIMIT: _l("Too many devices; this session was unused the longest."),
    EndReason.ADDRESS: _l("The email address was changed."),
    EndReason.FACTORS: _l("A second step was set up or removed."),
    Ending.EXPIRED: _l("Expired: the maximum session length was reached."),
    Ending.UNUSED: _l("Expired: not used for too long."),
    Ending.DISABLED: _l("The account was disabled."),
    Ending.CREDENTIALS: _l("All sessions of the account were ended."),
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
    current: bool
    ended: int | None
    reason: Any
    proved: Any
    """How the user has proved who they are: at the login, and in the session since."""


def device_words(device: Device) -> str:
    """ "Chrome on Windows", or as much of it as is known."""
    if device.browser and device.system:
        if device.browser in ("KakaoTalk", "NAVER"):
            return str(_("%(app)s app on %(system)s", app=device.browser, system=device.system))
        return str(_("%(browser)s on %(system)s", browser=device.browser, system=device.system))
    return device.browser or device.system or str(_("Unknown device"))


def proved_by(amr: str) -> str:
    """What was proved in a session, by the `amr` of its row: at the login, and by each step-up since."""
    methods = amr.split()
    if not methods:
        return _("Entered as a guest")
    if PASSKEY not in methods:
        return _("Confirmed with password and code") if CODE in methods else _("Confirmed with the password")
    if CODE in methods:
        return _("Confirmed with password, code and passkey")
    return _("Confirmed with password and passkey") if PASSWORD in methods else _("Confirmed with a passkey")


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
            current=session.sid == current_sid,
            ended=ending[1] if ending else None,
            proved=proved_by(session.amr),
            reason=ENDINGS.get(ending[0], ENDINGS[EndReason.ENDED]) if ending else None,
        )
        (over if ending else alive).append(item)
    alive.sort(key=lambda item: (not item.current, -item.seen))
    over.sort(key=lambda item: -(item.ended or 0))
    return alive, [item for item in over if (item.ended or 0) > now - ENDED_SHOWN_FOR]
