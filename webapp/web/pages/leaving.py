"""Export your data, and delete the account."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, render_template, url_for
from flask_login import current_user

from webapp.core.errors import FieldError
from webapp.flows.delete_account import delete_account
from webapp.flows.export_account import export_account
from webapp.flows.manage_people import LastAdmin
from webapp.services import services
from webapp.web.answers import see_other
from webapp.web.cookies import clear_tokens
from webapp.web.forms import DeleteForm
from webapp.web.limits import count
from webapp.web.requests import client
from webapp.web.sensitive import sensitive

blueprint = Blueprint("leaving", __name__, url_prefix="/account")


@blueprint.get("/delete")
@sensitive()
def show() -> Response:
    """`GET /account/delete`: what will be gone, and the form. The other form downloads what is kept."""
    return _page(DeleteForm(), 200)


@blueprint.post("/delete")
@sensitive()
def delete() -> Response:
    """`POST /account/delete`: at once and for good."""
    form = DeleteForm()
    try:
        delete_account(
            current_user.id, form.username.data or "", by=current_user.id, client=client(), now=services().clock()
        )
    except FieldError as problem:
        form.show([problem])
        return _page(form, 422)
    except LastAdmin:
        return _page(form, 422, last_admin=True)
    answer = see_other(url_for("accounts.log_in", notice="deleted"))
    clear_tokens(answer)
    return answer


@blueprint.post("/export")
@sensitive("leaving.show")
def export() -> Response:
    """`POST /account/export`: a JSON document. A POST, so that nothing prefetches it."""
    count("export", current_user.id)
    session = current_user.auth_session
    document = export_account(current_user.id, session.sid, client=client(), now=services().clock())
    if document is None:
        return see_other(url_for("accounts.log_in", notice="deleted"))
    answer = jsonify(document)
    answer.headers["Content-Disposition"] = f'attachment; filename="{current_user.username}.json"'
    return answer


def _page(form: DeleteForm, status: int, *, last_admin: bool = False) -> Response:
    return make_response(render_template("leaving.html", form=form, last_admin=last_admin), status)
