"""The step `factor` of a login: the second factor."""

from __future__ import annotations

from flask import Blueprint, Response

from webapp.core.ceremony import SECOND, Refused
from webapp.core.errors import FieldError
from webapp.core.steps import Step
from webapp.flows.finish_login import Standing, person_at_step, prove_second, prove_second_by_passkey
from webapp.flows.log_in import Unfinished
from webapp.flows.prove_factor import RECOVERY, Typed, WrongCode
from webapp.services import services
from webapp.web import metrics
from webapp.web.forms import PasskeyForm, SecondForm
from webapp.web.gates import FactorGate
from webapp.web.login_steps import advance, at, second_page, taking
from webapp.web.passkey_forms import count_refusal, count_use, presented
from webapp.web.pending import Pending
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("login_factor", __name__, url_prefix="/login/second")

NOT_HERE = _l("That passkey did not work here. Try again, or use a code.")


@blueprint.get("")
@at(Step.FACTOR)
def show(pending: Pending, standing: Standing) -> Response:
    """`GET /login/second`: asks for a code of the authenticator app, or a recovery code."""
    return second_page(standing, pending.nonce, SecondForm(formdata=None))


@blueprint.post("")
@taking(Step.FACTOR)
def prove(pending: Pending, login: Unfinished) -> Response:
    """`POST /login/second`: `otp` or `recovery_code`; then the session begins."""
    form = SecondForm()
    typed = Typed(form.otp.data or "", form.recovery_code.data or "")
    try:
        came = prove_second(login, typed, safe=services().safe, gate=FactorGate())
    except WrongCode:
        metrics.count_factor(typed.kind, "wrong")
        form.show([FieldError("recovery_code" if typed.kind == RECOVERY else "otp", "wrong")])
        return second_page(person_at_step(login), pending.nonce, form, 422)
    metrics.count_factor(typed.kind, "right")
    return advance(pending, came, form.kept.data or "")


@blueprint.post("/passkey")
@taking(Step.FACTOR)
def prove_passkey(pending: Pending, login: Unfinished) -> Response:
    """`POST /login/second/passkey`: `credential`, `ceremony`; then the session begins."""
    kept = PasskeyForm().kept.data or ""
    try:
        came, proof = prove_second_by_passkey(login, presented(SECOND, pending.nonce), gate=FactorGate())
    except Refused as refusal:
        notice = ("bad", count_refusal(refusal, NOT_HERE))
        form = SecondForm(formdata=None, kept=kept)
        return second_page(person_at_step(login), pending.nonce, form, 422, notice=notice)
    count_use(proof)
    return advance(pending, came, kept)
