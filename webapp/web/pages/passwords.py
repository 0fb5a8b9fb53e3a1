"""Change the password."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, url_for

from webapp.core.errors import FieldError
from webapp.flows import change_password as flow
from webapp.services import services
from webapp.web.answers import page, see_other
from webapp.web.forms import PasswordForm
from webapp.web.gates import PasswordGate
from webapp.web.marks import repeatable
from webapp.web.sign_in import arrival, sign_in

blueprint = Blueprint("passwords", __name__)


@blueprint.route("/account/password", methods=["GET", "POST"])
@repeatable
def change() -> Response:
    """`GET, POST /account/password`: ends every other session; this browser goes on with a new one."""
    form = PasswordForm()
    if request.method != "POST":  # HEAD is answered as GET is, and changes nothing
        return page("password.html", form=form)
    old = g.auth.judgement.row  # has ended, where this is the second of two clicks
    try:
        session = flow.change_password(
            services().tokens.lifetimes,
            old,
            arrival(persistent=bool(old.persistent)),
            current=form.current_password.data or "",
            new=form.new_password.data or "",
            gate=PasswordGate(),
        )
    except FieldError as problem:
        form.show([problem])
        return page("password.html", 422, form=form)
    except flow.SessionOver:
        return see_other(url_for("accounts.log_in", notice="password"))
    return sign_in(see_other(url_for("sessions.show", notice="password")), session)
