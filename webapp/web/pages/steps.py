"""The steps between the password and the session. Each page reads the pending login, and nothing else does."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, g, request, url_for

from webapp.core.errors import TooManyTries
from webapp.core.kept_forms import MOST_SEALED
from webapp.core.mail import masked
from webapp.core.steps import Step
from webapp.flows.confirm_address import CodeWrong, is_code_on_its_way, send_code
from webapp.flows.finish_login import LoginOver, person_at_step, prove_address
from webapp.flows.log_in import Unfinished
from webapp.services import services
from webapp.store.addresses import Contact
from webapp.web import metrics, pending
from webapp.web.answers import page, see_other
from webapp.web.forms import StepForm
from webapp.web.kept_forms import page_after_login
from webapp.web.limits import count
from webapp.web.marks import public
from webapp.web.pending import Pending
from webapp.web.sign_in import arrival, sign_in
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("steps", __name__, url_prefix="/login")

SENT = ("info", _l("Another code is on its way."))


def begin(login: Unfinished, *, target: str, persistent: bool = False, kept: str = "") -> Response:
    """From the password on to the step that is due: 303, or its page itself where it carries a form along."""
    metrics.note_login(metrics.CHALLENGED)
    _send_first_code(login)
    if kept:
        answer = _address_page(_person(login, services().clock()), StepForm(formdata=None, kept=kept[:MOST_SEALED]))
    else:
        answer = see_other(url_for("steps.address"))
    pending.remember(answer, login.user_id, login.credential_epoch, persistent=persistent, target=target)
    return answer


def _send_first_code(login: Unfinished) -> None:
    now = services().clock()
    try:
        person = _person(login, now)
        if not is_code_on_its_way(person, now):
            count("code_sent", login.user_id)
            send_code(login.user_id, now=now)
    except (LoginOver, TooManyTries):
        return  # the page says what there is to do; a mail more would not help


def _person(login: Unfinished, since: int) -> Contact:
    return person_at_step(services().tokens.demands, login, since=since, now=services().clock())


@blueprint.get("/address")
@public
def address() -> Response:
    """`GET /login/address`: asks for the code that was mailed."""
    login = pending.read()
    if login is None:
        return see_other(url_for("accounts.log_in"))
    try:
        person = _person(_unfinished(login), login.since)
    except LoginOver:
        return _over(login)
    notice = SENT if request.args.get("notice") == "sent" else None
    return _address_page(person, StepForm(formdata=None), notice=notice)


@blueprint.post("/address")
@public
def enter_code() -> Response:
    """`POST /login/address`: the code; then the session begins."""
    login = pending.read()
    if login is None:
        return see_other(url_for("accounts.log_in"))
    form = StepForm()
    tokens = services().tokens
    try:
        session = prove_address(
            tokens.lifetimes,
            tokens.demands,
            arrival(persistent=login.persistent),
            _unfinished(login),
            form.code.data or "",
            since=login.since,
        )
    except LoginOver:
        return _over(login)
    except CodeWrong as wrong:
        form.show([wrong])
        if wrong.left:
            form.code.errors = [*form.code.errors, _("Attempts left: %(left)s", left=wrong.left)]
        try:
            return _address_page(_person(_unfinished(login), login.since), form, 422)
        except LoginOver:
            return _over(login)
    metrics.note_login(metrics.SUCCEEDED)
    kept = page_after_login(g.auth, form.kept.data or "", session, services())
    return sign_in(kept or see_other(login.next), session)


@blueprint.post("/address/send")
@public
def send() -> Response:
    """`POST /login/address/send`: mails another code."""
    login = pending.read()
    if login is None:
        return see_other(url_for("accounts.log_in"))
    form = StepForm()
    try:
        person = _person(_unfinished(login), login.since)
    except LoginOver:
        return _over(login)
    count("code_sent", login.user_id)
    send_code(login.user_id, now=services().clock())
    if form.kept.data:
        return _address_page(person, form, notice=SENT)
    return see_other(url_for("steps.address", notice="sent"))


def _unfinished(login: Pending) -> Unfinished:
    return Unfinished(login.user_id, login.credential_epoch, Step.ADDRESS)


def _over(login: Pending) -> Response:
    query = {"notice": "slow"} | ({"next": login.next} if login.next != "/" else {})
    answer = see_other(f"{url_for('accounts.log_in')}?{urlencode(query)}")
    pending.forget(answer)
    return answer


def _address_page(
    person: Contact, form: StepForm, status: int = 200, *, notice: tuple[str, object] | None = None
) -> Response:
    form.kept.data = (form.kept.data or "")[:MOST_SEALED]
    return page("login_address.html", status, form=form, address=masked(person.email), notice=notice)
