"""The two token cookies. The only place that writes or clears them."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, g, request

from webapp.core.cookie_header import SentCookie, read_cookies
from webapp.store.auth_sessions import SessionRow
from webapp.web.services import services

ACCESS, REFRESH = "access_token", "refresh_token"


def read_token_cookies() -> tuple[SentCookie, SentCookie]:
    """Access and refresh cookie of this request, from the raw header."""
    names = services().token_cookies
    found = read_cookies(request.environ.get("HTTP_COOKIE"), names)
    return found[names[0]], found[names[1]]


def write_tokens(
    response: Response, session: SessionRow, *, access: str | None = None, refresh: str | None = None
) -> None:
    """Set the given tokens. The exit hook leaves this response alone from here on.

    A cookie lives until the session's absolute end, or as long as the browser runs. Never until the token's own
    `exp`: the browser would drop the token at the very moment cases 2 and 3 are about.
    """
    max_age = max(session.expires_at - services().clock(), 0) if session.persistent else None
    for name, value in ((ACCESS, access), (REFRESH, refresh)):
        if value is not None:
            _set(response, name, value, max_age)


def clear_tokens(response: Response, names: Iterable[str] = (ACCESS, REFRESH)) -> None:
    """Take the named token cookies out of the browser."""
    for name in names:
        _set(response, name, "", 0)


def _set(response: Response, name: str, value: str, max_age: int | None) -> None:
    wire_name = services().token_cookies[(ACCESS, REFRESH).index(name)]
    g.auth.handed = {**(g.auth.handed or {}), name: value}
    earlier = response.headers.getlist("Set-Cookie")
    if any(cookie.startswith(f"{wire_name}=") for cookie in earlier):
        # One Set-Cookie per name (RFC 6265 section 4.1.1): which of two a browser keeps is its own affair.
        response.headers.setlist("Set-Cookie", [c for c in earlier if not c.startswith(f"{wire_name}=")])
    response.set_cookie(
        wire_name,
        value,
        max_age=max_age,
        expires=0 if max_age == 0 else None,
        path="/",
        secure=services().settings.production,
        httponly=True,
        samesite="Lax",
    )
