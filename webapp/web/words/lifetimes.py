"""The running lifetimes in words, for pages that speak of them."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import ngettext

from webapp.core.lifetimes import DAY, MINUTE
from webapp.services import services


class Life(NamedTuple):
    """How long each lasts, in words; the access token in seconds, too."""

    access: str
    refresh: str
    session: str
    access_seconds: int


def life() -> Life:
    """The lifetimes of this application's settings."""
    lifetimes = services().tokens.lifetimes
    access, refresh, session = (
        duration(t) for t in (lifetimes.access_token, lifetimes.refresh_token, lifetimes.session)
    )
    return Life(access, refresh, session, lifetimes.access_token)


def duration(seconds: int) -> str:
    """A lifetime in the largest unit that says it exactly."""
    if seconds >= DAY and seconds % DAY == 0:
        return str(ngettext("%(num)s day", "%(num)s days", seconds // DAY))
    if seconds >= MINUTE and seconds % MINUTE == 0:
        return str(ngettext("%(num)s minute", "%(num)s minutes", seconds // MINUTE))
    return str(ngettext("%(num)s second", "%(num)s seconds", seconds))
