"""Log in with a passkey, from the form of the login page."""

from __future__ import annotations

from flask import Blueprint, Response, g

from webapp.core.ceremony import LOG_IN, Refused
from webapp.flows.log_in_by_passkey import log_in_by_passkey
from webapp.services import services
from webapp.web.answers import see_other
from webapp.web.forms import LogInForm
from webapp.web.gates import PasskeyGate
from webapp.web.kept_forms import page_after_login
from webapp.web.login_page import log_in_page
from webapp.web.marks import public
from webapp.web.passkey_forms import count_refusal, count_use, presented
from webapp.web.requests import way_back
from webapp.web.sign_in import arrival, sign_in
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("login_passkey", __name__)

NOT_HERE = _l("That passkey did not work here. Log in with your password.")


@blueprint.post("/login/passkey")
@public
def prove() -> Response:
    """`POST /login/passkey`: `credential`, `ceremony`, `remember`, `next`. The session begins without another step."""
    form = LogInForm()
    target = way_back(form.next.data)
    came = arrival(persistent=bool(form.remember.data))
    try:
        session, proof = log_in_by_passkey(came, presented(LOG_IN, ""), gate=PasskeyGate())
    except Refused as refusal:
        return log_in_page(form, target, 422, form_error=count_refusal(refusal, NOT_HERE))
    count_use(proof)
    kept = page_after_login(g.auth, form.kept.data or "", session, services())
    return sign_in(kept or see_other(target), session)
