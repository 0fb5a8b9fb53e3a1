"""A long-lived cookie by which a browser shows that it has logged in to an account before.

It opens nothing. It only gives this browser a counter of its own for wrong passwords. So a stranger who guesses at an
account cannot lock its owner out. It names the account and the epoch of its credentials. After a password
change it is worth nothing, except in the browser that changed it.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response

from webapp.core.lifetimes import DAY
from webapp.core.session import SessionRow
from webapp.web.own_cookies import SignedCookie

COOKIE = SignedCookie("known_browser", 180 * DAY, salt="tokenroom known browser", max_length=1024)
MAX_ACCOUNTS = 5
"""Accounts one browser is remembered for: a family's computer."""


def mark(user_id: str, epoch: int) -> str | None:
    """The mark this browser carries for the account, or None if it is a stranger to it (or the epoch has passed)."""
    return next((entry[2] for entry in _read() if (entry[0], entry[1]) == (user_id, epoch)), None)


def people() -> frozenset[str]:
    """Ids of the people who have logged in with this browser, whatever has become of their passwords since."""
    return frozenset(entry[0] for entry in _read())


def remember(response: Response, session: SessionRow) -> None:
    """Let this browser be known to the account of `session`. Call after a login or a password change."""
    known = mark(session.user_id, session.credential_epoch)
    newest = [session.user_id, session.credential_epoch, known or secrets.token_urlsafe(12)]
    others = [entry for entry in _read() if entry[0] != session.user_id]
    COOKIE.write(response, COOKIE.sign([newest, *others][:MAX_ACCOUNTS]))


def _read() -> list[list[Any]]:
    return [entry for entry in COOKIE.load() or () if len(entry) == 3]
