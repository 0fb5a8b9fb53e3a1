"""Who sent this, by `Authorization: Bearer` alone (RFC 6750). The one place that reads the header.

Closed by default, like the pages: a view below /api/ that is not marked `@public` runs only for an authenticated user.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from flask import Response, request

from webapp.core.decision import SERVED, TokenState
from webapp.core.judgement import Judgement
from webapp.core.strict_json import NotStrictJson, read_document
from webapp.flows.confirm import confirm
from webapp.flows.judge import judge
from webapp.flows.note_odd_tokens import is_odd, note_odd_tokens
from webapp.services import services
from webapp.web.api.errors import challenge, error_response, refuse
from webapp.web.marks import View, is_open
from webapp.web.person import Auth, Person, remember, sign_in_as
from webapp.web.requests import client

V = TypeVar("V", bound=Callable[..., Any])

EXPIRED = "The access token expired"
INVALID = "The access token is invalid"

_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
"""RFC 6750 section 2.1. A comma is not among the characters, so two headers, which servers join with one, never fit."""
_ANOTHER = re.compile(r",\s*bearer(\s|$)", re.IGNORECASE)

TOKENS = frozenset({"access_token", "refresh_token"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def authenticate(view: View) -> None:
    """Before the view: refuse what is malformed, then who may not pass. Strangers reach public views only."""
    refuse_tokens_elsewhere()
    token = bearer_token()
    if is_open(view):
        return
    application = services()
    now = application.clock()
    judgement = judge(application.tokens, token, None, "api", now)
    if judgement.outcome not in SERVED:
        note(judgement, now)
        refuse(unauthorized(judgement.counts_as))
    confirm(judgement, now)
    assert judgement.row is not None
    # `settled`, because the exit hook, which is about cookies, has no part in this.
    sign_in_as(remember(Auth(now, judgement, settled=True)), Person(judgement.row))


def note(judgement: Judgement, now: int) -> None:
    """Record what honest clients do not send."""
    if is_odd(judgement):
        note_odd_tokens(judgement, (), client(), now)


def bearer_token() -> str | None:
    """The token of the Authorization header; None without one or for another scheme. Malformed: 400."""
    header = request.environ.get("HTTP_AUTHORIZATION", "")
    scheme = _SCHEME.match(header)
    if scheme is None or scheme[0].lower() != "bearer":
        if _ANOTHER.search(header):
            _malformed("Send one Authorization header")
        return None
    credentials = _CREDENTIALS.fullmatch(header)
    if credentials is None:
        _malformed("The Authorization header is malformed")
    return credentials[1]


def refuse_tokens_elsewhere() -> None:
    """400 for a token in the query or a form, and for an access token in JSON. There it would end up in logs and
    histories (RFC 6750 section 5.3)."""
    found = bool(request.environ.get("QUERY_STRING")) and not TOKENS.isdisjoint(request.args)
    if "CONTENT_TYPE" in request.environ:
        body = request.get_data()  # kept, so that reading the form leaves a body for those who come after
        if request.mimetype in FORMS:
            found = found or not TOKENS.isdisjoint(request.form)
        elif request.mimetype == "application/json":
            with suppress(NotStrictJson):  # the view that reads the body reports what is wrong with it
                found = found or "access_token" in read_document(body)
    if found:
        _malformed("Send the access token in the Authorization header only")


def unauthorized(state: TokenState) -> Response:
    """The 401 for an access token that does not open the door."""
    if state is TokenState.ABSENT:
        return error_response(401, "unauthorized", "An access token is required.")
    words = EXPIRED if state is TokenState.EXPIRED else INVALID
    return error_response(401, "invalid_token", words, authenticate=challenge("invalid_token", words))


def _malformed(words: str) -> NoReturn:
    refuse(error_response(400, "invalid_request", words, authenticate=challenge("invalid_request", words)))
