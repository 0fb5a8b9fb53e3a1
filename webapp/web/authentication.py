"""Who is this, and what happens to their tokens.

    before the view   read two cookies -> verify -> one SELECT -> judge -> served as a user, or asked to log in
    the view          sees `flask_login.current_user`, never a token
    after the view    the refresh itself, then the cookies: no redirect, no JavaScript, no lost form

Every view is closed unless it is marked `@public`. `web/hooks.py` calls the functions of this file.
"""

from __future__ import annotations

from flask import Request, Response, jsonify

from webapp.core.decision import SERVED, Outcome, RefreshColumn
from webapp.core.errors import TooManyTries
from webapp.core.judgement import Judgement
from webapp.core.rotation import REFRESHING, Refreshed
from webapp.core.session import EndReason
from webapp.core.standing import Standing
from webapp.flows.confirm import confirm
from webapp.flows.end_reused import end_reused
from webapp.flows.judge import judge
from webapp.flows.note_odd_tokens import is_odd, note_abandoned, note_odd_tokens
from webapp.flows.open_session import MOMENTS
from webapp.flows.refresh import Issued, refresh
from webapp.services import Services
from webapp.store.database import abandon_uncommitted
from webapp.web import kept_forms
from webapp.web.answers import to_login
from webapp.web.cookies import (
    REFRESH_COOKIE,
    clear_tokens,
    duplicates,
    ours_to_clear,
    sent_tokens,
    write_tokens,
)
from webapp.web.limits import limit_refresh
from webapp.web.login_page import remember_expiry
from webapp.web.marks import View, is_open, is_repeatable, public
from webapp.web.person import Auth, Person, remember, sign_in_as
from webapp.web.requests import client, here, this_request, wants_page, without_notice

__all__ = ["authenticate", "look", "public", "refresh_tokens"]

OWN_COOKIE_PATHS = frozenset({"/login", "/login/address", "/login/second", "/login/enrol", "/logout"})
"""Paths whose answers decide about the cookies themselves; the exit hook never touches them."""


# -- before the view ---------------------------------------------------------------------------------------------------


def authenticate(request: Request, view: View, application: Services) -> Response | None:
    """Judge the request. None lets it through, as a user or as a stranger."""
    auth = resume(request, application)  # cookies -> verdicts -> one SELECT -> judgement
    if auth.outcome is Outcome.REUSE:
        end_reused(auth.judgement, client(), auth.judged_at)
    remember(auth)
    if auth.outcome in SERVED:
        confirm(auth.judgement, auth.judged_at)
        let_in(auth)
        return None
    if auth.outcome is Outcome.REUSE and must_be_told(request):
        return to_login(notice="reuse")
    if is_open(view) or (is_repeatable(view) and may_be_second_click(request, auth)):
        return None
    return turn_away(request, auth, application)


def may_be_second_click(request: Request, auth: Auth) -> bool:
    """Whether a newer session has replaced this one moments ago: perhaps by the first of two clicks on the form."""
    row = auth.judgement.row
    if request.method != "POST" or row is None or row.revoked_at is None:
        return False
    return row.revoked_reason == EndReason.REPLACED and auth.judged_at - row.revoked_at <= MOMENTS


def look(request: Request, view: View, application: Services) -> Response | None:
    """The same for a view that only looks: nothing is confirmed, refreshed, ended or recorded."""
    auth = remember(judged(request, application))
    auth.settled = True
    if auth.outcome in SERVED:
        let_in(auth)
        return None
    return None if is_open(view) else ask_to_log_in(request, auth, application)


def resume(request: Request, application: Services) -> Auth:
    """Judge the request's cookies, and record what is odd about them."""
    auth = judged(request, application)
    doubled = duplicates(auth.sent)
    if is_odd(auth.judgement, doubled):
        note_odd_tokens(auth.judgement, doubled, client(), auth.judged_at)
    return auth


def judged(request: Request, application: Services) -> Auth:
    """Read two cookies and judge them. Raises DatabaseUnavailable."""
    now = application.clock()
    sent = access, refresh_ = sent_tokens(request, application)
    return Auth(now, judge(application.tokens, access.value, refresh_.value, "web", now), sent)


def let_in(auth: Auth) -> None:
    """Serve the request as the session's user."""
    assert auth.judgement.row is not None
    sign_in_as(auth, Person(auth.judgement.row))


def must_be_told(request: Request) -> bool:
    """Whether a page says at once that a token was reused. Public pages do so too, because the owner learns it wherever
    they look."""
    return wants_page() and not (request.path in OWN_COOKIE_PATHS and request.method != "GET")


def turn_away(request: Request, auth: Auth, application: Services) -> Response:
    """Ask to log in, and record it where a better successor of the refresh token is in use."""
    if auth.judgement.column is RefreshColumn.ABANDONED:
        note_abandoned(auth.judgement, client(), auth.judged_at)
    return ask_to_log_in(request, auth, application)


def ask_to_log_in(request: Request, auth: Auth, application: Services) -> Response:
    """To the login page: 303 for a navigation, the page itself where it carries a form along, 401 JSON for `fetch`."""
    if not wants_page():
        answer = jsonify(error="login_required", error_description="Log in and send the request again.")
        answer.status_code = 401
        return answer
    if (page := kept_forms.keep(request, auth.judgement, application, auth.judged_at)) is not None:
        return page
    query = {}
    if request.method in ("GET", "HEAD"):
        query["next"] = without_notice(here(request))
        if kept_forms.both_expired(auth.judgement):
            remember_expiry()
    if notice := auth.judgement.end_reason:
        query["notice"] = notice
    return to_login(**query)


# -- after the view ----------------------------------------------------------------------------------------------------


def refresh_tokens(auth: Auth, response: Response, application: Services) -> None:
    """Do with the tokens what the judgement says, and set or clear the cookies of `response`."""
    if auth.outcome is Outcome.PROCEED or decides_itself(auth, response):
        return
    if auth.outcome in REFRESHING:
        auth.issued = issued = carry_out(auth, application)
        if issued.row is not None:
            write_tokens(response, issued.row, access=issued.access, refresh=issued.refresh)
    elif not wants_page() or keeps_useless(auth.judgement):
        # Navigations only, because a late `fetch` of an old session must not clear what a new login has just set.
        return
    else:
        clear_tokens(response, useless(auth, application))


def useless(auth: Auth, application: Services) -> list[str]:
    """Names of the token cookies that this browser need not keep."""
    ours = ours_to_clear(auth, application)
    if auth.outcome is Outcome.PROCEED_CLEAR_REFRESH:
        return [name for name in ours if name == REFRESH_COOKIE]
    return ours


def keeps_useless(judgement: Judgement) -> bool:
    """Whether even useless cookies stay.

    Those of an abandoned successor stay. The login that follows presents them and so ends the session for the
    holder of the better one too. If they were cleared, that holder would keep the session. And those of a session that
    a login in this same browser has replaced stay, too. Its late navigation would clear the cookies of that login.
    """
    return judgement.standing is Standing.ABANDONED or judgement.end_reason == EndReason.REPLACED


def decides_itself(auth: Auth, response: Response) -> bool:
    """Whether this answer keeps the cookies as they are, or has set them already."""
    # 503: the database is away; the cookies stay.
    # A session that lacks what the site demands has not ended. The next login finds and replaces it.
    if auth.cookies_set is not None or response.status_code == 503 or auth.judgement.unmet is not None:
        return True
    request = this_request()
    return request.path in OWN_COOKIE_PATHS or request.method == "OPTIONS"


def carry_out(auth: Auth, application: Services) -> Issued:
    """Refresh the tokens in a transaction of its own. Raises DatabaseUnavailable."""
    abandon_uncommitted()
    now = application.clock()
    try:
        limit_refresh(auth.judgement, now)
    except TooManyTries:
        # The page is served all the same and the browser keeps what it has. The next minute tries again.
        return Issued(Refreshed.TOO_OFTEN)
    return refresh(application.tokens, auth.judgement, judged_at=auth.judged_at, now=now, client=client())
