"""The step `address` of a login: the code that was mailed."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from webapp.core.errors import FieldError
from webapp.core.logins import clean_email, email_key
from webapp.core.steps import Step
from webapp.flows.confirm_address import CodeWrong, send_code
from webapp.flows.correct_address import correct_address, corrected_moments_ago
from webapp.flows.finish_login import Standing, person_at_step, prove_address
from webapp.flows.log_in import Unfinished
from webapp.services import services
from webapp.web.answers import see_other
from webapp.web.forms import CorrectForm, StepForm
from webapp.web.limits import count
from webapp.web.login_steps import address_page, advance, at, taking
from webapp.web.pending import Pending, remember
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("login_address", __name__, url_prefix="/login/address")

CORRECTED = ("info", _l("A code is on its way to the new address."))
SENT = ("info", _l("Another code is on its way."))


@blueprint.get("")
@at(Step.ADDRESS)
def show(_pending: Pending, standing: Standing) -> Response:
    """`GET /login/address`: asks for the code that was mailed."""
    notice = {"sent": SENT, "corrected": CORRECTED}.get(request.args.get("notice", ""))
    return address_page(standing, StepForm(formdata=None), notice=notice)


@blueprint.post("")
@taking(Step.ADDRESS)
def prove(pending: Pending, login: Unfinished) -> Response:
    """`POST /login/address`: the code; then the next step, or the session."""
    form = StepForm()
    try:
        came = prove_address(login, form.code.data or "")
    except CodeWrong as wrong:
        form.show([wrong])
        if wrong.left:
            form.code.errors = [*form.code.errors, _("Attempts left: %(left)s", left=wrong.left)]
        return address_page(person_at_step(login), form, 422)
    return advance(pending, came, form.kept.data or "")


@blueprint.post("/send")
@at(Step.ADDRESS)
def send(pending: Pending, standing: Standing) -> Response:
    """`POST /login/address/send`: mails another code."""
    form = StepForm()
    count("code_sent", pending.user_id)
    send_code(pending.user_id, now=services().clock())
    if form.kept.data:
        return address_page(standing, form, notice=SENT)
    return see_other(url_for("login_address.show", notice="sent"))


@blueprint.post("/correct")
@taking(Step.ADDRESS)
def correct(pending: Pending, login: Unfinished) -> Response:
    """`POST /login/address/correct`: `email` takes the place of a mistyped address, and gets the next code."""
    form = CorrectForm()
    code = StepForm(formdata=None, kept=form.kept.data)
    try:
        new = clean_email(form.email.data or "")
        if new is None:
            raise FieldError("email", "invalid")
        came = corrected_moments_ago(login, new)
        if came is None:
            count("code_sent", login.user_id)
            count("code_to", email_key(new))
            came = correct_address(login, new)
    except FieldError as problem:
        form.show([problem])
        return address_page(person_at_step(login), code, 422, correct=form)
    if code.kept.data:
        answer = address_page(person_at_step(came), code, notice=CORRECTED)
    else:
        answer = see_other(url_for("login_address.show", notice="corrected"))
    remember(answer, came, target=pending.next, nonce=pending.nonce)
    return answer
