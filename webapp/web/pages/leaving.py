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
from webapp.web.forms import DeleteForm, ProvenForm
from webapp.web.limits import count
from webapp.web.proof import demand_password
from webapp.web.requests import client

blueprint = Blueprint("leaving", __name__, url_prefix="/account")


@blueprint.get("/delete")
def show() -> Response:
    """`GET /account/delete`: what will be gone, and the form. The other form downloads what is kept."""
    return _page(DeleteForm(), 200)


@blueprint.post("/delete")
def delete() -> Response:
    """`POST /account/delete`: at once and for good."""
    form = DeleteForm()
    try:
        demand_password(form, "deletion")
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
def export() -> Response:
    """`POST /account/export`: a JSON document. A POST, so that nothing prefetches it."""
    form = ProvenForm()
    try:
        demand_password(form, "export")
    except FieldError as problem:
        form.show([problem])
        return _page(DeleteForm(formdata=None), 422, export=form)
    count("export", current_user.id)
    session = current_user.auth_session
    document = export_account(current_user.id, session.sid, client=client(), now=services().clock())
    if document is None:
        return see_other(url_for("accounts.log_in", notice="deleted"))
    answer = jsonify(document)
    answer.headers["Content-Disposition"] = f'attachment; filename="{current_user.username}.json"'
    return answer


def _page(form: DeleteForm, status: int, *, export: ProvenForm | None = None, last_admin: bool = False) -> Response:
    export = export or ProvenForm(formdata=None)
    export.current_password.id = "export-password"  # the page has two forms that ask for it
    return make_response(render_template("leaving.html", form=form, export=export, last_admin=last_admin), status)
