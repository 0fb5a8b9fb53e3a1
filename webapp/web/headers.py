"""Response headers: what browsers are told to refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from webapp.services import services_of
from webapp.web.marks import TOKENLESS
from webapp.web.request_id import HEADER, give
from webapp.web.requests import is_api_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)

EVERYWHERE = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"),
)
HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


UNSTORED = (("Cache-Control", "no-store"), ("Vary", "Cookie"))
UNSTORED_API = (UNSTORED[0], ("Vary", "Authorization"))
"""Back after logout shows nothing, and no cache serves one person's page to another."""


def register(app: Flask) -> None:
    """WSGI middleware for the constant headers, because setting them on Flask's response is slower."""
    always = list(EVERYWHERE + ((HSTS,) if services_of(app).settings.production else ()))
    inner = app.wsgi_app

    def with_headers(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = give(environ)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if TOKENLESS not in environ:
                unstored = UNSTORED_API if is_api_path(environ["PATH_INFO"]) else UNSTORED
                headers[:] = [header for header in headers if header[0] != "Cache-Control" and header not in unstored]
                headers.extend(unstored)
            headers.extend(always)
            headers.append((HEADER, request_id))
            return start_response(status, headers, *rest)

        return inner(environ, start)

    app.wsgi_app = with_headers  # type: ignore[method-assign]
