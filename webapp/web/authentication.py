"""Who is this, and what happens to their tokens.

    before the view   read two cookies -> verify -> one SELECT -> decide -> served as somebody, or asked to log in
    the view          sees `flask_login.current_user`, never a token
    after the view    the refresh itself, then the cookies: no redirect, no JavaScript, no lost form

Every view is closed unless it is marked `@public`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, jsonify, redirect, request
from flask_login import LoginManager

from webapp.core.decision import SERVED, Outcome, TokenState, decide
from webapp.core.errors import TooManyTries
from webapp.core.rotation import REFRESHING, Settled
from webapp.flows import audit, judge
from webapp.flows.client import Client
from webapp.flows.judge import Evidence
from webapp.flows.refresh import Issued, refresh
from webapp.store.database import abandon_uncommitted
from webapp.web.cookies import ACCESS, REFRESH, clear_tokens, read_token_cookies, write_tokens
from webapp.web.limits import count_refresh
from webapp.web.person import Person
from webapp.web.requests import client, wants_page
from webapp.web.services import services

log = logging.getLogger(__name__)

V = TypeVar("V", bound=Callable[..., Any])

LEFT_ALONE = frozenset({"/login", "/logout"})
"""Paths whose answers decide about the cookies themselves; the exit hook never touches them."""


TOKENLESS = "tokenroom.tokenless"
"""WSGI environment flag of a request whose answer does not depend on tokens, and may be stored."""


def public(view: V) -> V:
    """Mark a view as open to strangers. Without this mark a view demands log-in."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def tokenless(view: V) -> V:
    """Mark a view that never looks at tokens at all: health, metrics, public keys."""
    view.is_public = view.is_tokenless = True  # type: ignore[attr-defined]
    return view


def peek(view: V) -> V:
    """Mark a view that only looks: it knows who asks, but its request confirms, refreshes and records nothing."""
    view.is_peek = True  # type: ignore[attr-defined]
    return view


@dataclass(slots=True)
class Auth:
    """What this request knows about its sender. The one thing that travels by `flask.g`."""

    door: int
    """When the request was judged, Unix seconds."""
    evidence: Evidence
    outcome: Outcome = Outcome.ANONYMOUS
    sent: tuple[str, ...] = ()
    """Token cookies the request carried."""
    user: Person | None = None
    issued: Issued | None = None
    handed: dict[str, str] | None = field(default=None, repr=False)
    """Token cookies this answer sets, by name; empty text: cleared. None: it leaves them as they are."""
    finished: bool = False
    elapsed: float = 0.0
    """Seconds spent on authentication."""

    @property
    def client(self) -> Client:
        """Address and user agent of the sender."""
        return client()


def register(app: Flask) -> None:
    """Give the application its `current_user`. The two hooks are called by `web.door` and `web.leave`."""
    app.view_functions["static"] = tokenless(app.view_functions["static"])
    manager = RequestLoginManager()
    manager.request_loader(lambda _request: g.auth.user if "auth" in g else None)
    # Not `init_app`: its remember-cookie hook opens Flask's session on every response, and we have no such cookie.
    app.login_manager = manager  # type: ignore[attr-defined]
    app.context_processor(lambda: {"current_user": manager.load()})


class RequestLoginManager(LoginManager):  # type: ignore[misc]
    """flask-login with the request as its only source: the stock one asks Flask's session first."""

    def load(self) -> Any:
        if "_login_user" not in g:
            self._load_user()
        return g._login_user

    def _load_user(self) -> None:
        self._update_request_context_with_user(self._request_callback(request))


# -- before the view ---------------------------------------------------------------------------------------------------


def authenticate() -> Response | None:
    """Judge the request. None lets it through, as the user or as a stranger."""
    view = current_view()
    if getattr(view, "is_tokenless", False):
        request.environ[TOKENLESS] = True
        return None
    started = time.perf_counter()
    auth = _judge()
    if auth.outcome is Outcome.THEFT:
        # Before the exit hook knows of it: if this fails, the cookies stay, and the next request settles it.
        judge.settle_theft(auth.evidence, auth.client, auth.door)
    g.auth = auth
    auth.finished = getattr(view, "is_peek", False)  # then the exit hook has nothing to settle, nothing to remember
    if auth.outcome in SERVED:
        if not auth.finished:
            judge.confirm(auth.evidence, auth.door)
        assert auth.evidence.row is not None
        # flask-login's own place for it: asking the request loader through three proxies costs as much as our cookies.
        auth.user = g._login_user = Person(auth.evidence.row)
    auth.elapsed = time.perf_counter() - started
    if auth.user is not None:
        return None
    if auth.outcome is Outcome.THEFT and wants_page() and not (_is_left_alone() and request.method != "GET"):
        # Public pages too: whoever holds the other copy of this token must not be the only one who knows.
        return _found("/login?notice=reuse")
    return None if is_open(view) else _ask_to_log_in(notice=auth.evidence.end_reason)


def _judge() -> Auth:
    application = services()
    now = application.clock()
    access, refresh_ = read_token_cookies()
    evidence = judge.examine(application.tokens, access.value, refresh_.value, "web", now)
    cookies = {ACCESS: access, REFRESH: refresh_}
    sent = tuple(name for name, cookie in cookies.items() if cookie.value is not None)
    auth = Auth(now, evidence, outcome_of(evidence), sent=sent)
    duplicates = tuple(name for name, cookie in cookies.items() if cookie.duplicate)
    if auth.outcome is not Outcome.PROCEED or duplicates:
        audit.note_oddities(evidence, auth.outcome, duplicates, auth.client, now)
    return auth


def outcome_of(evidence: Evidence) -> Outcome:
    """What happens to a page request with this evidence; a session that is not live is asked to log in."""
    if evidence.mismatched or (evidence.authentic and not evidence.live):
        return Outcome.LOG_IN
    return decide(evidence.access.state, evidence.column)


def _ask_to_log_in(notice: str | None) -> Response:
    if not wants_page():
        answer = jsonify(error="login_required", error_description="Log in and send the request again.")
        answer.status_code = 401
        return answer
    query = {}
    if request.method in ("GET", "HEAD"):
        query["next"] = request.full_path.removesuffix("?")
    if notice:
        query["notice"] = notice
    return _found(f"/login?{urlencode(query)}" if query else "/login")


def _found(location: str) -> Response:
    answer = redirect(location, 303)
    assert isinstance(answer, Response)
    return answer


def current_view() -> Callable[..., Any] | None:
    endpoint = request.endpoint
    return current_app.view_functions.get(endpoint) if endpoint else None


def is_tokenless() -> bool:
    """Is this a request whose answer never depends on tokens?"""
    return getattr(current_view(), "is_tokenless", False)


def is_open(view: Callable[..., Any] | None) -> bool:
    """Is this view for strangers too?"""
    # No end point: the answer is a 404 or 405 page, which tells a stranger nothing.
    return view is None or getattr(view, "is_public", False)


def _is_left_alone() -> bool:
    return request.path in LEFT_ALONE


# -- after the view ----------------------------------------------------------------------------------------------------


def finish(response: Response) -> Response:
    """Refresh and set cookies, once. Whatever fails here never spoils a good answer.

    A view may call it itself on the answer it is about to fill, to tell what became of its own request.
    """
    auth: Auth | None = g.get("auth")
    if auth is None or auth.finished:
        return response
    auth.finished = True
    if auth.outcome is not Outcome.PROCEED and not _leaves_cookies_alone(auth, response):
        started = time.perf_counter()
        try:
            _settle_cookies(auth, response)
        except Exception:
            # The next request tries again with the tokens the browser still has.
            log.exception("tokens not refreshed")
        auth.elapsed += time.perf_counter() - started
    if auth.user is not None and services().shows_timing:
        response.headers["Server-Timing"] = f'auth;dur={auth.elapsed * 1000:.2f};desc="{describe(auth)}"'
    if (recorder := services().recorder) is not None:
        recorder(auth)
    return response


def tokens_after(auth: Auth) -> tuple[str | None, str | None]:
    """Texts of the access and refresh token the browser holds once it has this answer."""
    handed = auth.handed or {}
    access, refresh_ = (
        handed.get(name, cookie.value) or None
        for name, cookie in zip((ACCESS, REFRESH), read_token_cookies(), strict=True)
    )
    return access, refresh_


def _leaves_cookies_alone(auth: Auth, response: Response) -> bool:
    # 503: the database is away; nothing was changed, the cookies least of all.
    return auth.handed is not None or _is_left_alone() or request.method == "OPTIONS" or response.status_code == 503


def _settle_cookies(auth: Auth, response: Response) -> None:
    if auth.outcome in REFRESHING:
        abandon_uncommitted()
        application = services()
        now = application.clock()
        try:
            count_refresh(auth.evidence, now)
        except TooManyTries:
            # The page is served all the same and the browser keeps what it has: the next minute tries again.
            auth.issued = Issued(Settled.TOO_OFTEN)
            return
        auth.issued = issued = refresh(
            application.tokens, auth.evidence, auth.outcome, door=auth.door, now=now, client=auth.client
        )
        if issued.row is not None:
            write_tokens(response, issued.row, access=issued.access, refresh=issued.refresh)
    elif auth.outcome is Outcome.PROCEED_CLEAR_REFRESH:
        clear_tokens(response, (REFRESH,))
    elif auth.outcome in (Outcome.LOG_IN, Outcome.THEFT) and auth.sent and wants_page():
        # Navigations only: a late `fetch` of an old session must not clear what a new log-in has just set.
        clear_tokens(response, auth.sent)


def describe(auth: Auth) -> str:
    """What happened to this request, in a few words; with the case's number where it was one of the four cases."""
    issued, evidence = auth.issued, auth.evidence
    if auth.outcome in REFRESHING and (issued is None or issued.row is None):
        return f"nothing reissued: {issued.what if issued else 'left to the next request'}"
    match auth.outcome:
        case Outcome.ROTATE:
            return "case 2: access reissued"
        case Outcome.RENEW if issued is not None and issued.refresh:
            return "case 3: refresh reissued"
        case Outcome.REDELIVER:
            return "access reissued, same refresh again"
        case Outcome.ACCESS_ONLY | Outcome.RENEW:
            return "access reissued in grace"
        case Outcome.PROCEED if evidence.refresh.state is TokenState.VALID:
            return "case 4: both valid"
    return f"access valid, refresh {evidence.refresh.state.value}"
