"""The Flask side, in the order a request meets it."""

from __future__ import annotations

from functools import partial

from flask import Flask, Response

from webapp.core.cross_site import SAFE_METHODS
from webapp.store.database import reset_budget
from webapp.web import (
    authentication,
    csrf,
    errors,
    fence,
    headers,
    language,
    limits,
    metrics,
    navigation,
    operations,
    static_files,
)
from webapp.web.api import bearer, docs, openapi, tokens, v1
from webapp.web.authentication import current_auth
from webapp.web.browser_state import LazySessionInterface
from webapp.web.inspector import page as inspector
from webapp.web.lab import theatre as lab
from webapp.web.learn import page as learn
from webapp.web.marks import view_of
from webapp.web.pages import accounts, admin, guest, home, passwords, preferences, sessions
from webapp.web.requests import is_api_path, measure_body, this_request
from webapp.web.services import Services, services_of


def register(app: Flask) -> None:
    """Hooks in their order, then the pages, then the errors."""
    app.session_interface = LazySessionInterface()
    csrf.register(app)
    authentication.register(app)
    app.before_request(partial(door, app, services_of(app)))
    app.after_request(partial(leave, services_of(app)))
    headers.register(app)
    language.register(app)
    navigation.register(app)
    limits.register(app)
    for blueprint in (
        operations.blueprint,
        home.blueprint,
        learn.blueprint,
        accounts.blueprint,
        passwords.blueprint,
        sessions.blueprint,
        admin.blueprint,
        preferences.blueprint,
        docs.blueprint,
        inspector.blueprint,
    ):
        app.register_blueprint(blueprint)
    openapi.register(app, (tokens, v1))
    if services_of(app).settings.lab:
        lab.register(app)
        if services_of(app).settings.signup_open:
            app.register_blueprint(guest.blueprint)
    static_files.register(app)
    errors.register(app)


def door(app: Flask, application: Services) -> Response | None:
    """Before the view. First all that may refuse a request, cheapest and strictest first."""
    request = this_request()
    view = view_of(app, request)
    reset_budget()
    fence.refuse_foreign_hosts(request, view, application)
    if "HTTP_TRANSFER_ENCODING" in request.environ and request.environ.get("wsgi.input_terminated"):
        measure_body(request)
    if is_api_path(request.path):
        bearer.authenticate(view)
        return None
    is_unsafe = request.method not in SAFE_METHODS
    if is_unsafe:
        csrf.refuse_cross_site(request)
    answer = authentication.authenticate(request, view, application)
    if is_unsafe and answer is None:
        csrf.demand_token(request)
    return answer


def leave(application: Services, response: Response) -> Response:
    """After the view: the refresh and its cookies, then what is counted."""
    auth = current_auth()
    if auth is not None:
        authentication.settle(auth, response, application)
    return metrics.count(auth, response)
