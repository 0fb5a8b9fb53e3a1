"""Language and theme from the header: for strangers in this browser, for the signed-in in their account."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from flask import Blueprint, abort, g, redirect, request
from werkzeug.wrappers import Response

from webapp.core.errors import FieldError
from webapp.core.lifetimes import MAX_SESSION_TTL
from webapp.core.redirects import own_path
from webapp.flows.save_profile import LANGUAGES, THEMES, save_profile
from webapp.services import services
from webapp.web.language import LANGUAGE_COOKIE, THEME_COOKIE
from webapp.web.marks import peek, public
from webapp.web.requests import home, root, this_request

blueprint = Blueprint("preferences", __name__)


class Choice(NamedTuple):
    cookie: str
    allowed: Collection[str]


CHOICES = {"language": Choice(LANGUAGE_COOKIE, LANGUAGES), "theme": Choice(THEME_COOKIE, THEMES)}
"""Form field -> the cookie that keeps it, and its values."""


@blueprint.post("/preferences")
@public
@peek
def save() -> Response:
    """`POST /preferences`: `language` or `theme`, and `next`. The choice stays with the browser after a logout.

    It leaves the tokens alone, so that in the lab nothing prepared is used up by another theme.
    """
    picked = {field: request.form[field] for field in CHOICES if field in request.form}
    if any(value not in CHOICES[field].allowed for field, value in picked.items()):
        abort(400)
    if g.auth.person is not None:
        try:
            save_profile(g.auth.person.id, **picked)
        except FieldError:
            abort(400)
    # Unlike after a login, the login page itself is a fine place to come back to.
    answer = redirect(own_path(request.form.get("next"), root(this_request())) or home(), 303)
    for field, value in picked.items():
        answer.set_cookie(
            CHOICES[field].cookie,
            value,
            max_age=MAX_SESSION_TTL,
            secure=services().settings.production,
            httponly=True,
            samesite="Lax",
        )
    return answer
