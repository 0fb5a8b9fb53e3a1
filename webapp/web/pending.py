"""The pending login: the state between a right password and the session.

It is a signed cookie and needs no row. Each step is single-use in a table of its own, and tries are counted by account.
The epoch of the credentials makes the cookie worthless at once. It opens nothing, and only the pages of the steps read
it.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from flask import Response

from webapp.core.steps import LIFE
from webapp.flows.log_in import Unfinished
from webapp.web.own_cookies import SignedCookie

# The longest way back has 2000 characters, which base64 makes 2667.
COOKIE = SignedCookie("pending_login", LIFE, salt="tokenroom pending login", max_length=3072)


class Pending(NamedTuple):
    """A login that lacks a step."""

    user_id: str
    credential_epoch: int
    persistent: bool
    next: str
    """Where the login leads: a path of ours."""
    done: tuple[str, ...]
    """Steps that have been taken."""
    since: int
    """When the password was right, Unix seconds."""
    nonce: str
    """See `new_nonce`."""


def remember(answer: Response, login: Unfinished, *, target: str, nonce: str) -> None:
    """Note how far the login came, in place of any earlier one. Its time goes on from the password."""
    found = login.user_id, login.credential_epoch, login.arrival.persistent, target, login.done, login.since, nonce
    COOKIE.write(answer, COOKIE.sign(found))


def new_nonce() -> str:
    """Random, so no two logins have the same cookie, and a passkey's ceremony belongs to one of them."""
    return secrets.token_urlsafe(12)


def read() -> Pending | None:
    """The pending login of this browser, however old; None without one of ours."""
    written = COOKIE.load()
    try:
        found = Pending._make(written)
    except TypeError:  # none of ours, or another release's with other parts
        return None
    return found._replace(done=tuple(found.done))


def forget(answer: Response) -> None:
    """Clear the cookie, where the browser has one."""
    if COOKIE.was_sent():
        COOKIE.forget(answer)
