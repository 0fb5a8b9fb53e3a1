"""`Server-Timing`: which of the four cases a request was, for a browser's network panel."""

from __future__ import annotations

from flask import Response, url_for

from webapp.core.decision import Outcome, TokenState, case_of
from webapp.core.rotation import REFRESHING, Refreshed
from webapp.web.person import Auth

_DONE = {
    Refreshed.ROTATED: "access reissued",
    Refreshed.RENEWED: "refresh reissued",
    Refreshed.REDELIVERED: "access reissued, same refresh again",
    Refreshed.FORKED: "access reissued, another refresh",
    Refreshed.PROVED: "access reissued, fresh",
    Refreshed.ACCESS_ONLY: "access reissued in grace",
}


def show_timing(auth: Auth, response: Response) -> None:
    """Say what happened on a page for a signed-in user, and with or on the way to the login page in case 1."""
    location = response.location
    to_login = response.status_code == 401 or (location and location.startswith(url_for("accounts.log_in")))
    if auth.person is not None or (to_login and _number(auth) == 1):
        response.headers["Server-Timing"] = f'auth;dur={auth.elapsed * 1000:.2f};desc="{describe(auth)}"'


def describe(auth: Auth) -> str:
    """What happened to this request, in a few words.

    With the number of its case, which is what the two tokens say, whatever the database adds. Pairs outside the four
    (a token is absent or invalid) have none.
    """
    number = _number(auth)
    return f"case {number}: {_words(auth)}" if number else _words(auth)


def _number(auth: Auth) -> int | None:
    access, refresh = auth.judgement.access.state, auth.judgement.refresh.state
    case = case_of(access, refresh) if access in (TokenState.VALID, TokenState.EXPIRED) else None
    return case.number if case else None


def _words(auth: Auth) -> str:
    issued = auth.issued  # by a refresh, or by a step-up, which does so while both tokens are valid, too
    if issued is not None or auth.outcome in REFRESHING:
        if issued is None or issued.row is None:
            return f"nothing reissued: {issued.what if issued else 'left to the next request'}"
        if issued.what is Refreshed.ROTATED and auth.outcome is Outcome.PROCEED:
            return "both reissued, early"
        return "refresh reissued" if auth.outcome is Outcome.RENEW and issued.refresh else _DONE[issued.what]
    if auth.outcome is Outcome.PROCEED and auth.judgement.refresh.state is TokenState.VALID:
        return "both valid"
    if auth.person is None:
        return "log in again"
    return f"access valid, refresh {auth.judgement.refresh.state.value}"
