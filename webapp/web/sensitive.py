"""Views that demand to know that it is still the same person: `@sensitive`, beside `@limited`.

Fresh is a request whose access token says that its person proved who they are moments ago (core/freshness.py). Any
other user is asked to prove it at /step-up, and comes back. Nothing that was typed is carried along. A form that runs
by itself after a password is a gift to the stranger who left it there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Response, current_app, jsonify, request, url_for

from webapp.core.cross_origin import SAFE_METHODS
from webapp.core.freshness import is_fresh
from webapp.services import services
from webapp.web.answers import see_other
from webapp.web.api.errors import challenge, error_response
from webapp.web.marks import as_sensitive
from webapp.web.person import current_auth
from webapp.web.requests import here, is_api, this_request, wants_page

V = TypeVar("V", bound=Callable[..., Any])

WORDS = "Prove once more who you are, and send the request again."


def sensitive(form: str = "", *, when: Callable[[], bool] = lambda: True) -> Callable[[V], V]:
    """Let only a fresh request through to the view. Put it below `@role_required`, and never together with `@public`.

    `form`: the endpoint of the page that a POST is sent from, where that is not the view's own address. `when`: whether
    this very request is sensitive; asked only if it is not fresh.
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **kwargs) if is_person_fresh() or not when() else ask_to_prove(form)

        return cast(V, as_sensitive(guarded))

    return decorate


def is_person_fresh() -> bool:
    """Did the person of this request prove who they are no longer than WEBAPP_STEP_UP_TTL ago?"""
    auth = current_auth()
    row = auth.judgement.row if auth is not None else None
    if auth is None or row is None:
        return False
    held = auth.judgement.access.claims
    return is_fresh(
        held.auth_time if held else None, row.auth_time, now=auth.judged_at, within=services().settings.step_up_ttl
    )


def is_another_session() -> bool:
    """Is the session that this address names another one than the one that asks?"""
    auth = current_auth()
    row = auth.judgement.row if auth is not None else None
    return row is None or (request.view_args or {}).get("sid") != row.sid


def ask_to_prove(form: str = "") -> Response:
    """To the page that asks: 303. 401 for `fetch` and for the API (RFC 9470 section 3)."""
    if is_api():
        error = "insufficient_user_authentication"
        max_age = f'{challenge(error, WORDS)}, max_age="{services().settings.step_up_ttl}"'
        return error_response(401, error, WORDS, authenticate=max_age)
    if not wants_page():
        answer = jsonify(error="step_up_required", error_description=WORDS)
        answer.status_code = 401
        return answer
    return see_other(f"{url_for('step_up.show')}?{urlencode({'next': _way_back(form)})}")


def _way_back(form: str) -> str:
    if request.method in SAFE_METHODS or not form:
        return here(this_request())
    map_, named = current_app.url_map, request.view_args or {}
    return url_for(form, **{name: value for name, value in named.items() if map_.is_endpoint_expecting(form, name)})
