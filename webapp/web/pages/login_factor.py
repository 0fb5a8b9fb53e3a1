"""The step `factor` of a login: the second factor."""

from __future__ import annotations

from flask import Blueprint, Response

from webapp.core.ceremony import SECOND, Refused
from webapp.core.errors import FieldError
from webapp.core.steps import Step
from webapp.flows.finish_login import Standing, prove_second
from webapp.flows.log_in import Unfinished
from webapp.flows.log_in_by_passkey import prove_second_by_passkey
from webapp.flows.prove_factor import RECOVERY, Typed, WrongCode
from webapp.services import services
from webapp.web import metrics
from webapp.web.forms import PasskeyForm, SecondForm
from webapp.web.gates import FactorGate
from webapp.web.login_steps import advance, at, person, second_page, taking
from webapp.web.passkey_forms import count_refusal, count_use, presented
from webapp.web.pending import Pending
from webapp.web.sign_in import arrival
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("login_factor", __name__, url_prefix="/login/second")

NOT_HERE = _l("That passkey did not work here. Try again, or use a code.")


@blueprint.get("")
@at(Step.FACTOR)
def show(login: Pending, standing: Standing) -> Response:
    """`GET /login/second`: asks for a code of the authenticator app, or a recovery code."""
    return second_page(standing, login.nonce, SecondForm(formdata=None))


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
        return second_page(person(login, step), login.nonce, form, 422)
    metrics.count_factor(typed.kind, "right")
    return advance(login, came, form.kept.data or "")


@blueprint.post("/passkey")
@taking(Step.FACTOR)
def prove_passkey(login: Pending, step: Unfinished) -> Response:
    """`POST /login/second/passkey`: `credential`, `ceremony`; then the session begins."""
    kept = PasskeyForm().kept.data or ""
    tokens = services().tokens
    try:
        came, proof = prove_second_by_passkey(
            tokens.lifetimes,
            tokens.demands,
            arrival(persistent=login.persistent),
            step,
            presented(SECOND, login.nonce),
            since=login.since,
            gate=FactorGate(),
        )
    except Refused as refusal:
        notice = ("bad", count_refusal(refusal, NOT_HERE))
        form = SecondForm(formdata=None, kept=kept)
        return second_page(person(login, step), login.nonce, form, 422, notice=notice)
    count_use(proof)
    return advance(login, came, kept)
