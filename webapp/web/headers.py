"""Response headers: what browsers are told to refuse."""

from __future__ import annotations

from flask import Flask, Response

from webapp.web.authentication import is_tokenless
from webapp.web.services import services_of

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


def register(app: Flask) -> None:
    always = EVERYWHERE + ((HSTS,) if services_of(app).settings.production else ())

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in always:
            response.headers[name] = value
        if not is_tokenless():
            # Back after log-out shows nothing, and no cache serves one person's page to another.
            response.headers["Cache-Control"] = "no-store"
            response.vary.add("Cookie")
        return response

