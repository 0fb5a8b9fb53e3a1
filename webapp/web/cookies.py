"""The two token cookies. The only place that writes or clears them."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Request, Response, g

from webapp.config.settings import Settings
from webapp.core.cookie_header import SentCookie, read_cookies
from webapp.core.neighbours import is_a_neighbours
from webapp.core.session import SessionRow
from webapp.services import Services, services
from webapp.web.person import Auth

TOKEN_COOKIES = ACCESS_COOKIE, REFRESH_COOKIE = "access_token", "refresh_token"


def wire_names(settings: Settings) -> tuple[str, str]:
    """Names of the access and refresh cookie on the wire.

    In production with `__Host-`, because no other host or path can set such a cookie (RFC 6265bis section 4.1.3.2).
    """
    prefix = settings.cookie_prefix
    return f"{prefix}{ACCESS_COOKIE}", f"{prefix}{REFRESH_COOKIE}"


def sent_tokens(request: Request, application: Services) -> tuple[SentCookie, SentCookie]:
    """Access and refresh cookie of a request, from the raw header."""
    names = access, refresh = wire_names(application.settings)
    found = read_cookies(request.environ.get("HTTP_COOKIE"), names)
    return found[access], found[refresh]


def ours_to_clear(auth: Auth, application: Services) -> list[str]:
    """Token cookies that the request carried, but for those of another application on this host."""
    issuer, kids = application.settings.public_url, {key.kid for key in application.tokens.ring.keys}
    sent = [(name, cookie.value) for name, cookie in zip(TOKEN_COOKIES, auth.sent, strict=True)]
    return [name for name, text in sent if text is not None and not is_a_neighbours(text, issuer, kids)]


def duplicates(sent: tuple[SentCookie, SentCookie]) -> tuple[str, ...]:
    """Token cookies that were sent more than once."""
    access, refresh = sent
    if not (access.duplicate or refresh.duplicate):
        return ()
    return tuple(name for name, cookie in zip(TOKEN_COOKIES, sent, strict=True) if cookie.duplicate)


def held_after(auth: Auth) -> tuple[str | None, str | None]:
    """Texts of the access and refresh token that the browser has after this answer."""
    given = auth.cookies_set or {}
    access, refresh = (
        given.get(name, cookie.value) or None for name, cookie in zip(TOKEN_COOKIES, auth.sent, strict=True)
    )
    return access, refresh


def write_tokens(
    response: Response, session: SessionRow, *, access: str | None = None, refresh: str | None = None
) -> None:
    """Set the given tokens. The exit hook leaves this response alone from here on.

    A cookie lives until the session's absolute end, or as long as the browser runs. Never until the token's own
    `exp`, because the browser would drop the token at the very moment cases 2 and 3 are about.
    """
    application = services()
    max_age = max(session.expires_at - application.clock(), 0) if session.persistent else None
    for name, value in ((ACCESS_COOKIE, access), (REFRESH_COOKIE, refresh)):
        if value is not None:
            _set(response, name, value, max_age, application.settings)


def clear_tokens(response: Response, names: Iterable[str] = TOKEN_COOKIES) -> None:
    """Take the named token cookies out of the browser."""
    for name in names:
        _set(response, name, "", 0, services().settings)


def _set(response: Response, name: str, value: str, max_age: int | None, settings: Settings) -> None:
    auth: Auth = g.auth
    wire_name = f"{settings.cookie_prefix}{name}"
    if auth.cookies_set is None:
        auth.cookies_set = {}
    elif name in auth.cookies_set:
        # One Set-Cookie per name (RFC 6265 section 4.1.1), because a browser may keep either of two.
        kept = [c for c in response.headers.getlist("Set-Cookie") if not c.startswith(f"{wire_name}=")]
        response.headers.setlist("Set-Cookie", kept)
    auth.cookies_set[name] = value
    # A token holds no character that a cookie would have to quote. Max-Age needs no clock of the browser's
    # (RFC 6265 section 5.3). A cookie that ends says so a second time, for clients that know Expires alone.
    until = "" if max_age is None else f"; Max-Age={max_age}"
    if max_age == 0:
        until += "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    # Out of reach of scripts and of other sites (RFC 6265bis section 5.6).
    secure = "; Secure" if settings.production else ""
    response.headers.add("Set-Cookie", f"{wire_name}={value}{until}; Path=/{secure}; HttpOnly; SameSite=Lax")
