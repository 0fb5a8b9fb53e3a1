"""`POST /lab/guest`: into the lab with one click. Only where the lab and sign-up are open."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_login import current_user

from webapp.dates import language
from webapp.flows.enter_as_guest import enter_as_guest
from webapp.web.answers import see_other
from webapp.web.language import theme
from webapp.web.limits import limited
from webapp.web.marks import public
from webapp.web.sign_in import arrival, sign_in

blueprint = Blueprint("guest", __name__)


@blueprint.post("/lab/guest")
@public
@limited("sign_up")
def enter() -> Response:
    """Create the account and open the lab. A user who is logged in keeps their own account."""
    if current_user.is_authenticated:
        return see_other(url_for("lab.show"))
    session = enter_as_guest(arrival(), language=language(), theme=theme())
    return sign_in(see_other(url_for("lab.show")), session)
