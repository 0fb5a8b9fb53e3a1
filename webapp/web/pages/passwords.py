"""Change the password."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, url_for

from webapp.core.errors import FieldError
from webapp.flows import change_password as flow
from webapp.store import factors
from webapp.store.database import read
from webapp.web.answers import page, see_other
from webapp.web.forms import PasswordForm
from webapp.web.gates import PasswordGate
from webapp.web.marks import repeatable
from webapp.web.sensitive import sensitive
from webapp.web.sign_in import arrival, sign_in

blueprint = Blueprint("passwords", __name__)


def has_factor() -> bool:
    """Has the person a second factor? Then the password alone must not be enough to change it."""
    row = g.auth.judgement.row
    return row is None or read(lambda tx: factors.of_person(tx, row.user_id)).any


@blueprint.route("/account/password", methods=["GET", "POST"])
@repeatable
@sensitive(when=has_factor)
def change() -> Response:
    """`GET, POST /account/password`: ends every other session; this browser goes on with a new one."""
    form = PasswordForm()
    if request.method != "POST":  # HEAD is answered as GET is, and changes nothing
        return page("password.html", form=form)
    old = g.auth.judgement.row  # has ended, where this is the second of two clicks
    try:
        session = flow.change_password(
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
