"""The Flask side, in the order a request meets it."""

from __future__ import annotations

from flask import Flask, Response

from webapp.store.database import begin_request
from webapp.web import authentication, csrf, errors, fence, headers, language, navigation, operations
from webapp.web.api import bearer, docs, openapi, v1
from webapp.web.browser_state import LazySessionInterface
from webapp.web.pages import accounts, home, preferences
from webapp.web.requests import is_api


def register(app: Flask) -> None:
    """Hooks in their order, then the pages, then the errors."""
    app.session_interface = LazySessionInterface()
    csrf.register(app)
    authentication.register(app)
    app.before_request(door)
    app.after_request(authentication.finish)
    headers.register(app)
    language.register(app)
    navigation.register(app)
    for blueprint in (
        operations.blueprint,
        home.blueprint,
        accounts.blueprint,
        preferences.blueprint,
        docs.blueprint,
    ):
        app.register_blueprint(blueprint)
    openapi.register(app, v1.blueprint)
    errors.register(app)


def door() -> Response | None:
    """Before the view. First all that may refuse a request, cheapest and strictest first."""
    begin_request()
    fence.refuse_foreign_hosts()
    if is_api():
        bearer.authenticate()
        return None
    csrf.refuse_cross_site()
    answer = authentication.authenticate()
    if answer is None:
        csrf.demand_token()
    return answer
