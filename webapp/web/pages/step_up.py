"""Is it still you? Prove it once more, and go on to what matters."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, g, request, url_for
from flask_babel.speaklater import LazyString
from flask_login import current_user

from webapp.core.ceremony import STEP_UP, Refused
from webapp.core.errors import WrongPassword
from webapp.flows.prove_factor import Typed
from webapp.flows.refresh import Issued
from webapp.flows.step_up import ProvedAlready, SessionOver
from webapp.flows.step_up_by_passkey import step_up_by_passkey
from webapp.services import services
from webapp.store import factors, guests
from webapp.store.database import read
from webapp.web import proving
from webapp.web.answers import page, see_other
from webapp.web.cookies import write_tokens
from webapp.web.forms import StepUpForm
from webapp.web.gates import PasskeyGate
from webapp.web.passkey_forms import count_refusal, count_use, offer_proof, presented
from webapp.web.requests import way_back
from webapp.web.sensitive import is_person_fresh
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.lifetimes import duration

blueprint = Blueprint("step_up", __name__)

NOT_HERE = _l("That passkey did not work here. Try again, or use your password.")
WRONG = _l("The password or the code is wrong.")
AGAIN = ("warn", _l("That took too long. Try again. If this page comes back, log out and log in again."))


@blueprint.get("/step-up")
def show() -> Response:
    """`GET /step-up?next=…`: asks for the password, and for a code where the person has a second factor."""
    target = way_back(request.args.get("next"))
    if is_person_fresh():
        return see_other(target)
    return step_up_page(target, notice=AGAIN if request.args.get("notice") == "again" else None)


@blueprint.post("/step-up")
def prove() -> Response:
    """`POST /step-up`: `password`, `otp` or `recovery_code`, `next`."""
    form = StepUpForm()
    target = way_back(form.next.data)
    typed = Typed(form.otp.data or "", form.recovery_code.data or "")
    try:
        issued = proving.prove(form.password.data or "", typed, judged_at=g.auth.judged_at)
    except (SessionOver, ProvedAlready):
        return see_other(target)  # it opens, or this page asks again; nothing is handed out here
    except WrongPassword:
        return step_up_page(target, 422, error=WRONG)
    return passed(issued, target)


@blueprint.post("/step-up/passkey")
def prove_passkey() -> Response:
    """`POST /step-up/passkey`: `credential`, `ceremony`, `next`."""
    target = way_back(StepUpForm().next.data)
    session = current_user.auth_session
    try:
        with proving.counted(), PasskeyGate().attempt():
            issued, proof = step_up_by_passkey(proving.asked(g.auth.judged_at), presented(STEP_UP, session.sid))
    except SessionOver:
        return see_other(target)
    except Refused as refusal:
        return step_up_page(target, 422, error=count_refusal(refusal, NOT_HERE))
    count_use(proof)
    return passed(issued, target)


def passed(issued: Issued, target: str) -> Response:
    """The answer to a proof, whatever was proved: the browser gets its fresh tokens, and goes on to `target`."""
    g.auth.issued = issued
    if issued.row is None:
        return see_other(f"{url_for('step_up.show')}?{urlencode({'notice': 'again', 'next': target})}")
    answer = see_other(target)
    write_tokens(answer, issued.row, access=issued.access, refresh=issued.refresh)
    return answer


def step_up_page(
    target: str, status: int = 200, *, error: LazyString | None = None, notice: tuple[str, object] | None = None
) -> Response:
    """The page that asks for a proof."""
    has = read(lambda tx: factors.of_person(tx, current_user.id))
    session = current_user.auth_session
    return page(
        "step_up.html",
        status,
        form=StepUpForm(formdata=None, next=target),
        form_error=error,
        has=has,
        passkey=offer_proof(STEP_UP, session.sid, session.user_id) if has.passkeys else None,
        counts_for=duration(services().settings.step_up_ttl),
        guest_until=read(lambda tx: guests.until(tx, current_user.id)) if current_user.is_guest else None,
        notice=notice,
    )
