"""Change the password."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_login import current_user

from webapp.core.errors import FieldError
from webapp.flows import change_password as flow
from webapp.services import services
from webapp.web import device_cookie
from webapp.web.answers import see_other
from webapp.web.cookies import write_tokens
from webapp.web.forms import PasswordForm
from webapp.web.gates import PasswordGate
from webapp.web.requests import client

blueprint = Blueprint("passwords", __name__)


@blueprint.route("/account/password", methods=["GET", "POST"])
def change() -> Response:
    """`GET, POST /account/password`: ends every other session; this browser goes on with a new one."""
    form = PasswordForm()
    if request.method != "POST":  # HEAD is answered as GET is, and changes nothing
        return _page(form, 200)
    application = services()
    try:
        session = flow.change_password(
            application.tokens.lifetimes,
            current_user.auth_session,
            current=form.current_password.data or "",
            new=form.new_password.data or "",
            gate=PasswordGate(),
            client=client(),
            now=application.clock(),
        )
    except FieldError as problem:
        form.show([problem])
        return _page(form, 422)
    except flow.SessionOver:
        return see_other(url_for("accounts.log_in", notice="password"))
    answer = see_other(url_for("sessions.show", notice="password"))
    access = application.tokens.mint_access(session, gen=session.refresh_generation, now=session.auth_time)
    write_tokens(answer, session, access=access, refresh=application.tokens.mint_refresh(session))
    device_cookie.remember(answer, session)
    return answer


def _page(form: PasswordForm, status: int) -> Response:
    return make_response(render_template("password.html", form=form), status)
