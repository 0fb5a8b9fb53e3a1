"""The step `enrol` of a login: the first factor, where the role needs one."""

from __future__ import annotations

from flask import Blueprint, Response, g

from webapp.core.ceremony import REGISTER, Refused
from webapp.core.errors import FieldError
from webapp.core.session import SessionRow
from webapp.core.steps import Step
from webapp.flows.enrol import enrol_app, enrol_passkey
from webapp.flows.finish_login import Standing, person_at_step
from webapp.flows.log_in import Unfinished
from webapp.flows.own_passkeys import check_made
from webapp.flows.prove_factor import TOTP
from webapp.flows.prove_passkey import PASSKEY
from webapp.services import services
from webapp.web import metrics
from webapp.web.answers import page
from webapp.web.forms import EnrolForm, PasskeyForm
from webapp.web.gates import count_codes
from webapp.web.kept_forms import page_after_login
from webapp.web.login_steps import at, enrol_page, taking
from webapp.web.new_app import drawn
from webapp.web.passkey_forms import presented, usual_name, why_not_added
from webapp.web.pending import Pending
from webapp.web.person import let_in
from webapp.web.sign_in import sign_in
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("login_enrol", __name__, url_prefix="/login/enrol")

CODES_PAGE = "recovery_codes.html"
SLOW = ("info", _l("That took too long. Here is a new secret. Scan it again."))


@blueprint.get("")
@at(Step.ENROL)
def show(pending: Pending, standing: Standing) -> Response:
    """`GET /login/enrol`: shows a new secret for an authenticator app."""
    return enrol_page(standing, pending.nonce, EnrolForm(formdata=None))


@blueprint.post("")
@taking(Step.ENROL)
def prove(pending: Pending, login: Unfinished) -> Response:
    """`POST /login/enrol`: `sealed`, `otp`, or `credential`, `ceremony`.

    Answers 200 with the session and the recovery codes, shown once.
    """
    standing = person_at_step(login)
    if PasskeyForm().ceremony.data:
        return _prove_passkey(pending, login, standing)
    form = EnrolForm()
    secret = drawn(form, login.user_id)
    if secret is None:
        form = EnrolForm(formdata=None, kept=form.kept.data)
        return enrol_page(standing, pending.nonce, form, 422, notice=SLOW)
    try:
        session, codes = enrol_app(login, secret, form.otp.data or "", safe=services().safe, count=count_codes)
    except FieldError as problem:
        form.show([problem])
        return enrol_page(standing, pending.nonce, form, 422)
    return _begun(pending, session, codes, TOTP, form.kept.data or "")


def _prove_passkey(pending: Pending, login: Unfinished, standing: Standing) -> Response:
    try:
        made = check_made(presented(REGISTER, pending.nonce), usual_name())
        session, codes = enrol_passkey(login, made, count=count_codes)
    except (FieldError, Refused) as problem:
        form = EnrolForm(formdata=None, kept=PasskeyForm().kept.data)
        return enrol_page(standing, pending.nonce, form, 422, notice=("bad", why_not_added(problem)))
    return _begun(pending, session, codes, PASSKEY, PasskeyForm().kept.data or "")


def _begun(pending: Pending, session: SessionRow, codes: list[str], kind: str, kept: str) -> Response:
    metrics.note_login(metrics.SUCCEEDED)
    metrics.count_factor(kind, "added")
    shown = page_after_login(g.auth, kept, session, services(), CODES_PAGE, codes=codes, first=True)
    if shown is None:
        let_in(g.auth, session)
        shown = page(CODES_PAGE, codes=codes, target=pending.next, first=True)
    return sign_in(shown, session)
