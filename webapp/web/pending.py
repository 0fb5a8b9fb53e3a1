"""The pending login: the state between a right password and the session.

It is a signed cookie and needs no row. Each step is single-use in a table of its own, and tries are counted by account.
The epoch of the credentials makes the cookie worthless at once. It opens nothing, and only the pages of the steps read
it.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from webapp.core.steps import LIFE
from webapp.flows.log_in import Unfinished
from webapp.services import services

NAME = "pending_login"
MAX_LENGTH = 3072
"""Characters of the cookie that are looked at. The longest way back has 2000, which base64 makes 2667."""


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
    answer.set_cookie(
        _wire_name(),
        str(_serializer().dumps(found)),
        max_age=LIFE,
        path="/",
        secure=services().settings.production,
        httponly=True,
        samesite="Lax",
    )


def new_nonce() -> str:
    """Random, so no two logins have the same cookie, and a passkey's ceremony belongs to one of them."""
    return secrets.token_urlsafe(12)


def read() -> Pending | None:
    """The pending login of this browser, however old; None without one of ours."""
    text = request.cookies.get(_wire_name(), "")
    if not text or len(text) > MAX_LENGTH:
        return None
    try:
        found = Pending._make(_serializer().loads(text))
    except (BadData, TypeError):  # TypeError: another release's, with other parts
        return None
    return found._replace(done=tuple(found.done))


def forget(answer: Response) -> None:
    """Clear the cookie, where the browser has one."""
    if _wire_name() in request.cookies:
        answer.delete_cookie(
            _wire_name(), path="/", secure=services().settings.production, httponly=True, samesite="Lax"
        )


def _serializer() -> URLSafeSerializer:
    # The salt makes a key of its own out of the secret, so nothing else that we sign can pass as this cookie.
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="tokenroom pending login")


def _wire_name() -> str:
    return f"{services().settings.cookie_prefix}{NAME}"
