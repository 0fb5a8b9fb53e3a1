"""The order in which a request is met: what happens before its view, and what after it."""

from __future__ import annotations

import logging
import time
from functools import partial

from flask import Flask, Response

from webapp import queued
from webapp.core.cross_origin import SAFE_METHODS
from webapp.services import Services, services_of
from webapp.store.database import reset_budget
from webapp.web import authentication, csrf, metrics
from webapp.web.api import bearer
from webapp.web.hosts import refuse_foreign_hosts
from webapp.web.marks import TOKENLESS, is_peek, is_tokenless, view_of
from webapp.web.mount import refuse_outside
from webapp.web.person import Auth, current_auth
from webapp.web.requests import is_api_path, measure_body, this_request
from webapp.web.server_timing import show_timing

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    application = services_of(app)
    app.before_request(partial(before_view, app, application, application.settings.allowed_hosts))
    app.after_request(partial(after_view, application))


def before_view(app: Flask, application: Services, hosts: frozenset[str]) -> Response | None:
    """First everything that may refuse a request, cheapest and strictest first. None: the view runs."""
    request = this_request()
    view = view_of(app, request)
    reset_budget(already_waited=queued.seconds_queued())
    refuse_foreign_hosts(request, view, hosts, application.settings)
    refuse_outside(request, view, application.settings)
    if "HTTP_TRANSFER_ENCODING" in request.environ and request.environ.get("wsgi.input_terminated"):
        measure_body(request)
    if is_api_path(request.path):
        bearer.authenticate(view)
        return None
    is_unsafe = request.method not in SAFE_METHODS
    if is_unsafe:
        csrf.refuse_cross_origin(request)
    if is_tokenless(view):
        request.environ[TOKENLESS] = True
        answer = None
    elif is_peek(view):
        answer = authentication.look(request, view, application)
    else:
        started = time.perf_counter()
        answer = authentication.authenticate(request, view, application)
        if (auth := current_auth()) is not None:
            auth.elapsed = time.perf_counter() - started
    if is_unsafe and answer is None:
        csrf.demand_token(request)
    return answer


def after_view(application: Services, response: Response) -> Response:
    """The refresh and its cookies, then what is counted."""
    auth = current_auth()
    if auth is not None:
        settle(auth, response, application)
    return metrics.observe(auth, response)


def settle(auth: Auth, response: Response, application: Services) -> None:
    """Refresh and set cookies, once. Nothing that fails here spoils a good answer.

    The lab calls this before rendering, because its page shows the result.
    """
    if auth.settled:
        return
    auth.settled = True
    started = time.perf_counter()
    try:
        authentication.refresh_tokens(auth, response, application)
    except Exception:
        # The next request tries again with the tokens the browser still has.
        log.exception("tokens not refreshed")
    auth.elapsed += time.perf_counter() - started
    if application.settings.shows_timing:
        show_timing(auth, response)
    if application.recorder is not None:
        application.recorder(auth)
