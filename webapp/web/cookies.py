"""The two token cookies. The only place that writes or clears them."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Request, Response, g

from webapp.core.cookie_header import SentCookie, read_cookies
from webapp.services import Services, services
from webapp.store.auth_sessions import SessionRow

TOKEN_COOKIES = ACCESS, REFRESH = "access_token", "refresh_token"


def sent_tokens(request: Request, application: Services) -> tuple[SentCookie, SentCookie]:
    """Access and refresh cookie of a request, from the raw header."""
    names = access, refresh = application.token_cookies
    found = read_cookies(request.environ.get("HTTP_COOKIE"), names)
    return found[access], found[refresh]


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
    auth, application = g.auth, services()
    wire_name = application.token_cookies[TOKEN_COOKIES.index(name)]
    if auth.handed is None:
        auth.handed = {}
    elif name in auth.handed:
        # One Set-Cookie per name (RFC 6265 section 4.1.1): which of two a browser keeps is its own affair.
        kept = [c for c in response.headers.getlist("Set-Cookie") if not c.startswith(f"{wire_name}=")]
        response.headers.setlist("Set-Cookie", kept)
    auth.handed[name] = value
    # A token holds no character that a cookie would have to quote. Max-Age needs no clock of the browser's
    # (RFC 6265 section 5.3); only what ends a cookie says it a second time, for whatever knows Expires alone.
    until = "" if max_age is None else f"; Max-Age={max_age}"
    if max_age == 0:
        until += "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    response.headers.add("Set-Cookie", f"{wire_name}={value}{until}{application.cookie_attributes}")
