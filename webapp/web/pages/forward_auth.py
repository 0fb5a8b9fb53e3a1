"""One login for what stands beside this site: a door for nginx's `auth_request` (deploy/nginx-guard.conf).

The proxy asks `/auth/check` before it hands a request on. It cannot pass on what a page does with cookies. Of several
`Set-Cookie` lines of such an answer nginx keeps one, and the browser would hold a pair of tokens that do not belong
together. So the check changes nothing, and a browser whose access token has expired is sent through `/auth/continue`.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, request
from flask_login import current_user

from webapp.core.cross_origin import SAFE_METHODS
from webapp.core.decision import SERVED, TokenState
from webapp.core.redirects import own_path
from webapp.core.rotation import REFRESHING
from webapp.services import services_of
from webapp.web.answers import see_other
from webapp.web.hooks import settle
from webapp.web.marks import peek, public
from webapp.web.person import Auth, current_auth
from webapp.web.requests import home

blueprint = Blueprint("forward_auth", __name__, url_prefix="/auth")

METHOD = "X-Original-Method"
"""Header in which the proxy says what the browser's own request is."""


@blueprint.get("/check")
@public
@peek
def check() -> Response | tuple[Response, int]:
    """`GET /auth/check`: 204 with who this is, or 401. Refreshes, confirms and ends nothing.

    Values are UTF-8, percent-encoded where a header cannot hold them (RFC 3986).
    """
    auth = current_auth()
    if auth is None or not may_pass(auth):
        return jsonify(error="login_required", error_description="Log in, or go through /auth/continue."), 401
    answer = make_response("", 204)
    for header, value in (
        ("X-Auth-User", current_user.username),
        ("X-Auth-Name", current_user.name),
        ("X-Auth-Email", current_user.email),
        ("X-Auth-Role", current_user.role),
    ):
        answer.headers[header] = quote(value, safe=" !#$&'()*+,/:;=?@[]~")
    return answer


def may_pass(auth: Auth) -> bool:
    """Does the request go on to the service? Not with an expired access token; the browser comes back with a new one.

    A form is let through once more while the refresh token is good, because what it carries would be lost on the way.
    """
    if auth.outcome not in SERVED:
        return False
    carries_something = request.headers.get(METHOD, "GET") not in SAFE_METHODS
    return carries_something or auth.judgement.access.state is TokenState.VALID


@blueprint.get("/continue")
def go_on() -> Response:
    """`GET /auth/continue?next=…` (own host only): refresh as any page does and go back, or ask to log in.

    `next` comes last and may stand there as nginx's `$request_uri` has it, not encoded.
    """
    auth = current_auth()
    assert auth is not None
    answer = see_other(destination(request.environ.get("QUERY_STRING", ""), home()))
    settle(auth, answer, services_of(current_app))
    if auth.outcome in REFRESHING and not (auth.issued and auth.issued.access):
        abort(503)  # without a new token the service would send the browser here again, and so on for ever
    return answer


def destination(query: str, front_page: str = "/") -> str:
    """Where `next` leads, anywhere on this host; the front page if that is elsewhere, or this door again."""
    written = query.partition("next=")[2]
    target = own_path(written if written.startswith("/") else unquote(written))
    return front_page if target is None or target.startswith(f"{front_page}auth/") else target
