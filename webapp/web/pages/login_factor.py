"""The step `factor` of a login: the second factor."""

from __future__ import annotations

from flask import Blueprint, Response

from webapp.core.errors import FieldError
from webapp.core.steps import Step
from webapp.flows.finish_login import Standing, prove_second
from webapp.flows.log_in import Unfinished
from webapp.flows.prove_factor import RECOVERY, Typed, WrongCode
from webapp.services import services
from webapp.web import metrics
from webapp.web.forms import SecondForm
from webapp.web.gates import FactorGate
from webapp.web.login_steps import advance, at, person, second_page, taking
from webapp.web.pending import Pending
from webapp.web.sign_in import arrival

blueprint = Blueprint("login_factor", __name__, url_prefix="/login/second")


@blueprint.get("")
@at(Step.FACTOR)
def show(login: Pending, standing: Standing) -> Response:
    """`GET /login/second`: asks for a code of the authenticator app, or a recovery code."""
    return second_page(standing, SecondForm(formdata=None))


@blueprint.post("")
@taking(Step.FACTOR)
def prove(login: Pending, step: Unfinished) -> Response:
    """`POST /login/second`: `otp` or `recovery_code`; then the session begins."""
    form = SecondForm()
    typed = Typed(form.otp.data or "", form.recovery_code.data or "")
    tokens = services().tokens
    try:
        came = prove_second(
            tokens.lifetimes,
            tokens.demands,
            arrival(persistent=login.persistent),
            step,
            typed,
            since=login.since,
            safe=services().safe,
            gate=FactorGate(),
        )
    except WrongCode:
        metrics.count_factor(typed.kind, "wrong")
        form.show([FieldError("recovery_code" if typed.kind == RECOVERY else "otp", "wrong")])
        return second_page(person(login, step), form, 422)
    metrics.count_factor(typed.kind, "right")
    return advance(login, came, form.kept.data or "")
