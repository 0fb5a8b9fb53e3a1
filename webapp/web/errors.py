"""Errors are answers too: what happened, and what to do next. Pages for people, JSON for programs."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template
from flask_babel import ngettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webapp.config.settings import LOOPBACK_HOSTS
from webapp.core.cross_origin import SAFE_METHODS
from webapp.core.errors import TooManyTries
from webapp.services import services
from webapp.store.database import UNAVAILABLE_ERRORS, DatabaseUnavailable
from webapp.store.reasons import reason
from webapp.web import request_id, resend
from webapp.web.api.errors import CODES, challenge, error_of_status, error_response
from webapp.web.csrf import CrossOrigin, is_proven_same_origin
from webapp.web.form_cookie import texts_sent
from webapp.web.hosts import ForeignHost, is_ours
from webapp.web.person import current_auth
from webapp.web.requests import asks_for_json, here, is_api, this_request, wants_page
from webapp.web.roles import RoleNeeded
from webapp.web.texts import gettext
from webapp.web.texts import lazy_gettext as _l
from webapp.web.told import is_news
from webapp.web.words.errors import LIMIT_WORDS, WORDS

log = logging.getLogger(__name__)

LOCAL = "http://127.0.0.1:8000"

RETRY_AFTER = "5"
"""Seconds a client is asked to wait when the database is away."""


def register(app: Flask) -> None:
    answers: dict[type[Exception], Any] = {
        CSRFError: csrf_failed,
        CrossOrigin: cross_origin,
        ForeignHost: foreign_host,
        RoleNeeded: role_needed,
        HTTPException: http_error,
        TooManyTries: too_many_tries,
        **dict.fromkeys(UNAVAILABLE_ERRORS, database_unavailable),
    }
    for error, answer in answers.items():
        app.register_error_handler(error, answer)


def http_error(error: HTTPException) -> Response | HTTPException:
    """The answer for any HTTP error, with the headers it demands (`Allow`, `Retry-After`)."""
    if error.code is None or error.code < 400:
        return error  # a redirect to the canonical address
    answer = answer_for(error.code)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def role_needed(error: RoleNeeded) -> Response:
    """403; on the API with the challenge that names the role (RFC 6750 section 3.1)."""
    if not is_api():
        return answer_for(403)
    words = f"The role {error.role} is required"
    return error_response(403, "insufficient_scope", words, authenticate=challenge("insufficient_scope", words))


def cross_origin(_error: CrossOrigin) -> Response:
    """403: nothing was done, and how to do it."""
    return answer_for(
        403,
        message=_l("The request came from another site, so nothing was done."),
        remedy=_l("If you meant to do this, open the page on this site and try again."),
    )


def foreign_host(error: ForeignHost) -> Response:
    """400: which name it was, and in development what to set. The log says the same."""
    if is_api():
        return error_response(400, CODES[400], f"This site does not answer to the host name {error.asked_for!r}.")
    # Not lazily, because a lazy text counts as markup, and this one holds what a stranger sent.
    message = gettext("This site does not answer to the name it was asked for: %(name)s", name=error.asked_for or "–")
    settings = services().settings
    if settings.production:
        return answer_for(400, message=message, remedy=_l("Check the address."))
    local = settings.public_url if is_ours(urlsplit(settings.public_url).netloc, LOOPBACK_HOSTS) else LOCAL
    return answer_for(
        400,
        message=message,
        remedy=gettext(
            "In development only this computer is answered. Open %(local)s. To serve others, set WEBAPP_ENV=production "
            "and WEBAPP_PUBLIC_URL to the site's address.",
            local=local,
        ),
    )


def database_unavailable(error: Exception) -> Response:
    """503: the cookies stay, and the same request may be sent again."""
    log.error("database unavailable: %s", error if isinstance(error, DatabaseUnavailable) else reason(error))
    request = this_request()
    extra: dict[str, Any] = {}
    if request.method in SAFE_METHODS:
        extra["ways_on"] = [(here(request), _l("Try again"))]
    elif is_proven_same_origin() and (form := resend.form_of(request)):
        extra["resend"] = form
        extra["remedy"] = _l("Your input has been kept. Wait a few seconds, then send it again.")
    answer = answer_for(503, **extra)
    answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def too_many_tries(error: TooManyTries) -> Response:
    """429: what was tried too often, when it can be tried again, and what was typed."""
    minutes = -(-error.retry_after // 60)
    request = this_request()
    back = resend.page_of(request)
    answer = answer_for(
        429,
        until=services().clock() + error.retry_after,
        resend=resend.offered(request),
        ways_on=[back] if back else [],
        message=LIMIT_WORDS.get(error.limit, WORDS[429][1]),
        remedy=ngettext("Try again in %(num)s minute.", "Try again in %(num)s minutes.", minutes),
    )
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def csrf_failed(error: CSRFError) -> Response:
    """403 with what was typed (never a password), ready to be sent again with a fresh token."""
    if came_without_cookies():
        extra: dict[str, Any] = {
            "title": _l("Cookies are needed"),
            "message": _l("Your browser sent back none of this site's cookies, so nothing was done."),
            "remedy": _l("Allow cookies for this site in your browser's settings, then open the page again."),
        }
        kept = _l("Allow cookies for this site in your browser's settings. Your input has been kept. Send it again.")
    else:
        extra = {
            "title": _l("This form is out of date"),
            "message": _l("Your login state has changed since this page was opened, so nothing was done."),
            "remedy": _l("Open the page again and submit the form there."),
        }
        kept = _l("Your input has been kept. Send it again.")
    # Only where the browser says that the form was ours; otherwise a stranger's values would be one click away.
    if is_proven_same_origin():
        extra["resend"] = resend.form_of(this_request())
        extra["remedy"] = kept
    return answer_for(403, **extra)


def came_without_cookies() -> bool:
    """Does the browser keep no cookies of ours? Not even the one came back that the form's page had set."""
    auth, request = current_auth(), this_request()
    has_tokens = auth is not None and any(cookie.value is not None for cookie in auth.sent)
    found = texts_sent(request, current_app.config["SESSION_COOKIE_NAME"])
    is_plain = services().settings.production and request.scheme == "http"
    if not found and not has_tokens and is_plain and is_news("plain http"):
        log.warning(
            "a form came without cookies, over plain http: browsers keep our cookies over https only; serve https, "
            "and let the proxy set X-Forwarded-Proto and WEBAPP_TRUSTED_PROXIES count it"
        )
    return not found and not has_tokens


def answer_for(status: int, **extra: Any) -> Response:
    """An error page, or JSON where that is what was asked for."""
    if is_api():
        return error_of_status(status)
    title, message, remedy = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    if asks_for_json() or (status == 503 and not wants_page()):
        # A script that meets a dead database is told so in JSON, as it is told that it must log in.
        answer = jsonify(error=CODES.get(status, "error"), error_description=str(extra.get("message", message)))
    else:
        # A page about a fault must not need what is at fault, so it does not ask who is signed in. Nor does one about a
        # request that was refused before its sender was authenticated.
        words = {
            "bare": status >= 500 or "auth" not in g,
            "title": title,
            "message": message,
            "remedy": remedy,
            "request_id": request_id.current(),
            "resend": None,
            "ways_on": [],
            "until": None,
            **extra,
        }
        answer = make_response(render_template("error.html", status=status, **words))
    answer.status_code = status
    return answer
