"""The step `address` of a login: the code that was mailed."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from webapp.core.steps import Step
from webapp.flows.confirm_address import CodeWrong, send_code
from webapp.flows.finish_login import Standing, prove_address
from webapp.flows.log_in import Unfinished
from webapp.services import services
from webapp.web.answers import see_other
from webapp.web.forms import StepForm
from webapp.web.limits import count
from webapp.web.login_steps import address_page, advance, at, person, taking
from webapp.web.pending import Pending
from webapp.web.sign_in import arrival
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("login_address", __name__, url_prefix="/login/address")

SENT = ("info", _l("Another code is on its way."))


@blueprint.get("")
@at(Step.ADDRESS)
def show(login: Pending, standing: Standing) -> Response:
    """`GET /login/address`: asks for the code that was mailed."""
    notice = SENT if request.args.get("notice") == "sent" else None
    return address_page(standing, StepForm(formdata=None), notice=notice)


@blueprint.post("")
@taking(Step.ADDRESS)
def prove(login: Pending, step: Unfinished) -> Response:
    """`POST /login/address`: the code; then the next step, or the session."""
    form = StepForm()
    tokens = services().tokens
    try:
        came = prove_address(
            tokens.lifetimes,
            tokens.demands,
            arrival(persistent=login.persistent),
            step,
            form.code.data or "",
            since=login.since,
        )
    except CodeWrong as wrong:
        form.show([wrong])
        if wrong.left:
            form.code.errors = [*form.code.errors, _("Attempts left: %(left)s", left=wrong.left)]
        return address_page(person(login, step), form, 422)
    return advance(login, came, form.kept.data or "")


@blueprint.post("/send")
@at(Step.ADDRESS)
def send(login: Pending, standing: Standing) -> Response:
    """`POST /login/address/send`: mails another code."""
    form = StepForm()
    count("code_sent", login.user_id)
    send_code(login.user_id, now=services().clock())
    if form.kept.data:
        return address_page(standing, form, notice=SENT)
    return see_other(url_for("login_address.show", notice="sent"))
