"""The Flask side, in the order a request meets it."""

from __future__ import annotations

from flask import Flask, Response

from webapp.web import authentication, csrf, errors, fence, headers, language, navigation, operations
from webapp.web.browser_state import LazySessionInterface
from webapp.web.pages import accounts, home, inspector, lab, preferences
from webapp.web.services import services_of


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
        inspector.blueprint,
    ):
        app.register_blueprint(blueprint)
    if services_of(app).settings.lab:
        lab.register(app)
    errors.register(app)


def door() -> Response | None:
    """Before the view. First all that may refuse a request, cheapest and strictest first."""
    fence.refuse_foreign_hosts()
    csrf.refuse_cross_site()
    answer = authentication.authenticate()
    if answer is None:
        csrf.demand_token()
    return answer
