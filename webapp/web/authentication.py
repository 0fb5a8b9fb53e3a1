"""Who is this, and what happens to their tokens.

    before the view   read two cookies -> verify -> one SELECT -> decide -> served as somebody, or asked to log in
    the view          sees `flask_login.current_user`, never a token
    after the view    the refresh itself, then the cookies: no redirect, no JavaScript, no lost form

Every view is closed unless it is marked `@public`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Request, Response, g, jsonify, redirect, request
from flask_login import LoginManager

from webapp.core.cookie_header import ABSENT, SentCookie
from webapp.core.decision import SERVED, Outcome, TokenState, decide
from webapp.core.errors import TooManyTries
from webapp.core.rotation import REFRESHING, Settled
from webapp.flows import audit, judge
from webapp.flows.client import Client
from webapp.flows.judge import Evidence
from webapp.flows.refresh import Issued, refresh
from webapp.store.database import abandon_uncommitted
from webapp.web.cookies import REFRESH, TOKEN_COOKIES, clear_tokens, sent_tokens, write_tokens
from webapp.web.limits import count_refresh
from webapp.web.marks import View, is_open, is_tokenless, public, tokenless
from webapp.web.person import Person
from webapp.web.requests import client, this_request, wants_page
from webapp.web.services import Services

__all__ = ["Auth", "public"]

log = logging.getLogger(__name__)

LEFT_ALONE = frozenset({"/login", "/logout"})
"""Paths whose answers decide about the cookies themselves; the exit hook never touches them."""


TOKENLESS = "tokenroom.tokenless"
"""WSGI environment flag of a request whose answer does not depend on tokens, and may be stored."""


@dataclass(slots=True)
class Auth:
    """What this request knows about its sender. The one thing that travels by `flask.g`."""

    door: int
    """When the request was judged, Unix seconds."""
    evidence: Evidence
    outcome: Outcome = Outcome.ANONYMOUS
    cookies: tuple[SentCookie, SentCookie] = (ABSENT, ABSENT)
    """Access and refresh cookie as the request carried them."""
    user: Person | None = None
    issued: Issued | None = None
    handed: dict[str, str] | None = field(default=None, repr=False)
    """Token cookies this answer sets, by name; empty text: cleared. None: it leaves them as they are."""
    finished: bool = False
    recorded: bool = False
    """The lab has this request already, or its view tells the lab itself."""
    elapsed: float = 0.0
    """Seconds spent on authentication."""

    @property
    def client(self) -> Client:
        """Address and user agent of the sender."""
        return client()

    @property
    def sent(self) -> list[str]:
        """Token cookies the request carried."""
        return [name for name, cookie in zip(TOKEN_COOKIES, self.cookies, strict=True) if cookie.value is not None]

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Token cookies the request carried more than once."""
        return tuple(name for name, cookie in zip(TOKEN_COOKIES, self.cookies, strict=True) if cookie.duplicate)


def current_auth() -> Auth | None:
    """What this request knows about its sender; None where nobody has been asked."""
    found: Auth | None = g._get_current_object().get("auth")
    return found


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


def authenticate(request: Request, view: View, application: Services) -> Response | None:
    """Judge the request. None lets it through, as the user or as a stranger."""
    if is_tokenless(view):
        request.environ[TOKENLESS] = True
        return None
    started = time.perf_counter()
    auth = _judge(request, application)
    if auth.outcome is Outcome.THEFT:
        # Before the exit hook knows of it: if this fails, the cookies stay, and the next request settles it.
        judge.settle_theft(auth.evidence, auth.client, auth.door)
    known = g._get_current_object()
    known.auth = auth
    auth.finished = getattr(view, "is_peek", False)  # then the exit hook has nothing to settle, nothing to remember
    if auth.outcome in SERVED:
        if not auth.finished:
            judge.confirm(auth.evidence, auth.door)
        assert auth.evidence.row is not None
        # flask-login's own place for it: asking the request loader through three proxies costs as much as our cookies.
        known._login_user = auth.user = Person(auth.evidence.row)
    auth.elapsed = time.perf_counter() - started
    if auth.user is not None:
        return None
    if auth.outcome is Outcome.THEFT and wants_page() and not (request.path in LEFT_ALONE and request.method != "GET"):
        # Public pages too: whoever holds the other copy of this token must not be the only one who knows.
        return _found("/login?notice=reuse")
    return None if is_open(view) else _ask_to_log_in(request, notice=auth.evidence.end_reason)


def _judge(request: Request, application: Services) -> Auth:
    now = application.clock()
    cookies = access, refresh_ = sent_tokens(request, application)
    evidence = judge.examine(application.tokens, access.value, refresh_.value, "web", now)
    auth = Auth(now, evidence, outcome_of(evidence), cookies)
    if auth.outcome is not Outcome.PROCEED or access.duplicate or refresh_.duplicate:
        audit.note_oddities(evidence, auth.outcome, auth.duplicates, auth.client, now)
    return auth


def outcome_of(evidence: Evidence) -> Outcome:
    """What happens to a page request with this evidence; a session that is not live is asked to log in."""
    if not evidence.live and (evidence.mismatched or evidence.authentic):
        return Outcome.LOG_IN
    return decide(evidence.access.state, evidence.column)


def _ask_to_log_in(request: Request, notice: str | None) -> Response:
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


# -- after the view ----------------------------------------------------------------------------------------------------


def settle(auth: Auth, response: Response, application: Services) -> None:
    """Refresh and set cookies, once. Whatever fails here never spoils a good answer.

    A view may ask for it itself on the answer it is about to fill, to tell what became of its own request.
    """
    if auth.finished:
        return
    auth.finished = True
    if auth.outcome is not Outcome.PROCEED and not _leaves_cookies_alone(auth, response):
        started = time.perf_counter()
        try:
            _settle_cookies(auth, response, application)
        except Exception:
            # The next request tries again with the tokens the browser still has.
            log.exception("tokens not refreshed")
        auth.elapsed += time.perf_counter() - started
    if auth.user is not None and application.shows_timing:
        response.headers["Server-Timing"] = f'auth;dur={auth.elapsed * 1000:.2f};desc="{describe(auth)}"'
    if application.recorder is not None:
        application.recorder(auth)


def tokens_after(auth: Auth) -> tuple[str | None, str | None]:
    """Texts of the access and refresh token the browser holds once it has this answer."""
    handed = auth.handed or {}
    access, refresh_ = (
        handed.get(name, cookie.value) or None for name, cookie in zip(TOKEN_COOKIES, auth.cookies, strict=True)
    )
    return access, refresh_


def _leaves_cookies_alone(auth: Auth, response: Response) -> bool:
    # 503: the database is away; nothing was changed, the cookies least of all.
    if auth.handed is not None or response.status_code == 503:
        return True
    request = this_request()
    return request.path in LEFT_ALONE or request.method == "OPTIONS"


def _settle_cookies(auth: Auth, response: Response, application: Services) -> None:
    if auth.outcome in REFRESHING:
        abandon_uncommitted()
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
