"""The links in the header, and what every page may offer."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_babel import lazy_gettext as _l

from webapp.services import services

SIGNED_IN = (
    ("learn.show", _l("Learn"), None),
    ("lab.show", _l("Lab"), None),
    ("inspector.show", _l("Token inspector"), None),
    ("accounts.account", _l("Account"), None),
    ("sessions.show", _l("Sessions"), None),
    ("sessions.activity", _l("Activity"), None),
    ("api_docs.show", _l("API"), None),
    ("admin.people", _l("Users"), "admin"),
)
"""(endpoint, words, role needed). An endpoint that this deployment does not have is left out."""


def register(app: Flask) -> None:
    app.context_processor(page_context)


def page_context() -> dict[str, Any]:
    auth = g.get("auth")
    user = auth.person if auth is not None else None
    items = [
        (url_for(endpoint), words)
        for endpoint, words, role in SIGNED_IN
        if user is not None and endpoint in current_app.view_functions and role in (None, user.role)
    ]
    here = _current([url for url, _words in items])
    return {
        "nav_items": [(url, words, here.get(url)) for url, words in items],
        "signup_open": services().settings.signup_open,
        "guest_entry": _link("guest.enter"),
        "links": {name: _link(f"{name}.show") for name in ("learn", "lab", "inspector", "api_docs", "reset", "email")},
    }


def _current(urls: list[str]) -> dict[str, str]:
    """The link that leads here, or to what is above this page; and what `aria-current` says of it."""
    above = [url for url in urls if request.path == url or request.path.startswith(f"{url}/")]
    nearest = max(above, key=len, default=None)
    return {nearest: "page" if nearest == request.path else "true"} if nearest else {}


def _link(endpoint: str) -> str | None:
    return url_for(endpoint) if endpoint in current_app.view_functions else None
