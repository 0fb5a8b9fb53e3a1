"""The Flask side, in the order a request meets it."""

from __future__ import annotations

from flask import Flask, Response

from webapp.web import (
    authentication,
    csrf,
    errors,
    fence,
    headers,
    language,
    limits,
    navigation,
    operations,
    request_id,
)
from webapp.web.browser_state import LazySessionInterface
from webapp.web.pages import accounts, admin, home, passwords, preferences, sessions


def register(app: Flask) -> None:
    """Hooks in their order, then the pages, then the errors."""
    app.session_interface = LazySessionInterface()
    csrf.register(app)
    authentication.register(app)
    app.before_request(door)
    app.after_request(request_id.show)
    app.after_request(authentication.finish)
    headers.register(app)
    language.register(app)
    navigation.register(app)
    limits.register(app)
    for blueprint in (
        operations.blueprint,
        home.blueprint,
        accounts.blueprint,
        passwords.blueprint,
        sessions.blueprint,
        admin.blueprint,
        preferences.blueprint,
    ):
        app.register_blueprint(blueprint)
    errors.register(app)


def door() -> Response | None:
    """Before the view. First all that may refuse a request, cheapest and strictest first."""
    request_id.begin()
    fence.refuse_foreign_hosts()
    csrf.refuse_cross_site()
    answer = authentication.authenticate()
    if answer is None:
        csrf.demand_token()
    return answer
