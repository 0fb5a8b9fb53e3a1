"""The steps between the password and the session. Each page reads the pending login, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request, url_for

from webapp.core.errors import FieldError, TooManyTries
from webapp.core.kept_forms import MOST_SEALED
from webapp.core.mail import masked
from webapp.core.session import SessionRow
from webapp.core.steps import Step
from webapp.flows.confirm_address import CodeWrong, is_code_on_its_way, send_code
from webapp.flows.enrol import enrol_app
from webapp.flows.finish_login import LoginOver, OtherStep, Standing, person_at_step, prove_address, prove_second
from webapp.flows.log_in import Unfinished
from webapp.flows.prove_factor import RECOVERY, TOTP, Typed, WrongCode
from webapp.services import services
from webapp.web import metrics, pending
from webapp.web.answers import page, see_other
from webapp.web.forms import EnrolForm, SecondForm, StepForm
from webapp.web.gates import FactorGate
from webapp.web.kept_forms import page_after_login
from webapp.web.limits import count
from webapp.web.marks import public
from webapp.web.new_app import app_page, drawn
from webapp.web.pending import Pending
from webapp.web.sign_in import arrival, sign_in
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("steps", __name__, url_prefix="/login")

SENT = ("info", _l("Another code is on its way."))
SLOW = ("info", _l("That took too long. Here is a new secret: scan it again."))
Notice = tuple[str, object] | None


def begin(login: Unfinished, *, target: str, persistent: bool = False, kept: str = "") -> Response:
    """From the password on to the step that is due: 303, or its page itself where it carries a form along."""
    metrics.note_login(metrics.CHALLENGED)
    answer = _to_step(login, kept)
    pending.remember(answer, login.user_id, login.credential_epoch, persistent=persistent, target=target)
    return answer


def _to_step(login: Unfinished, kept: str) -> Response:
    if login.step is Step.ADDRESS:
        _send_first_code(login)
    if not kept:
        return see_other(f"/login/{login.step}")
    standing = person_at_step(services().tokens.demands, login, since=services().clock(), now=services().clock())
    kept = kept[:MOST_SEALED]
    if login.step is Step.ADDRESS:
        return _address_page(standing, StepForm(formdata=None, kept=kept))
    if login.step is Step.FACTOR:
        return _second_page(standing, SecondForm(formdata=None, kept=kept))
    return _enrol_page(standing, EnrolForm(formdata=None, kept=kept))


def _send_first_code(login: Unfinished) -> None:
    now = services().clock()
    try:
        standing = person_at_step(services().tokens.demands, login, since=now, now=now)
        if not is_code_on_its_way(standing.person, now):
            count("code_sent", login.user_id)
            send_code(login.user_id, now=now)
    except (LoginOver, OtherStep, TooManyTries):
        return  # the page says what there is to do; a mail more would not help


def at(step: Step) -> Callable[[Callable[[Pending, Standing], Response]], Callable[[], Response]]:
    """The view of a step: it gets the pending login and its person; whoever is not at this step is led to theirs."""

    def decorate(view: Callable[[Pending, Standing], Response]) -> Callable[[], Response]:
        @wraps(view)
        def at_step() -> Response:
            login = pending.read()
            if login is None:
                return see_other(url_for("accounts.log_in"))
            try:
                standing = person_at_step(
                    services().tokens.demands, _unfinished(login, step), since=login.since, now=services().clock()
                )
                return view(login, standing)
            except LoginOver:
                return _over(login)
            except OtherStep as other:
                return see_other(f"/login/{other.step}")

        return public(at_step)

    return decorate


def _unfinished(login: Pending, step: Step) -> Unfinished:
    return Unfinished(login.user_id, login.credential_epoch, step, login.done)


def _over(login: Pending) -> Response:
    query = {"notice": "slow"} | ({"next": login.next} if login.next != "/" else {})
    answer = see_other(f"{url_for('accounts.log_in')}?{urlencode(query)}")
    pending.forget(answer)
    return answer


def _advance(login: Pending, came: SessionRow | Unfinished, kept: str) -> Response:
    """On to the next step, or into the session."""
    if isinstance(came, Unfinished):
        answer = _to_step(came, kept)
        pending.go_on(answer, login, came.done)
        return answer
    metrics.note_login(metrics.SUCCEEDED)
    shown = page_after_login(g.auth, kept, came, services())
    return sign_in(shown or see_other(login.next), came)


# -- the address -------------------------------------------------------------------------------------------------------


@blueprint.get("/address")
@at(Step.ADDRESS)
def address(login: Pending, standing: Standing) -> Response:
    """`GET /login/address`: asks for the code that was mailed."""
    notice = SENT if request.args.get("notice") == "sent" else None
    return _address_page(standing, StepForm(formdata=None), notice=notice)


@blueprint.post("/address")
@public
def enter_code() -> Response:
    """`POST /login/address`: the code; then the next step, or the session."""
    login = pending.read()
    if login is None:
        return see_other(url_for("accounts.log_in"))
    form = StepForm()
    tokens = services().tokens
    step = _unfinished(login, Step.ADDRESS)
    try:
        came = prove_address(
            tokens.lifetimes,
            tokens.demands,
            arrival(persistent=login.persistent),
            step,
            form.code.data or "",
            since=login.since,
        )
    except LoginOver:
        return _over(login)
    except OtherStep as other:
        return see_other(f"/login/{other.step}")
    except CodeWrong as wrong:
        form.show([wrong])
        if wrong.left:
            form.code.errors = [*form.code.errors, _("Attempts left: %(left)s", left=wrong.left)]
        try:
            standing = person_at_step(tokens.demands, step, since=login.since, now=services().clock())
        except LoginOver:
            return _over(login)
        except OtherStep as other:
            return see_other(f"/login/{other.step}")
        return _address_page(standing, form, 422)
    return _advance(login, came, form.kept.data or "")


@blueprint.post("/address/send")
@at(Step.ADDRESS)
def send(login: Pending, standing: Standing) -> Response:
    """`POST /login/address/send`: mails another code."""
    form = StepForm()
    count("code_sent", login.user_id)
    send_code(login.user_id, now=services().clock())
    if form.kept.data:
        return _address_page(standing, form, notice=SENT)
    return see_other(url_for("steps.address", notice="sent"))


def _address_page(standing: Standing, form: StepForm, status: int = 200, *, notice: Notice = None) -> Response:
    form.kept.data = (form.kept.data or "")[:MOST_SEALED]
    return page("login_address.html", status, form=form, address=masked(standing.person.email), notice=notice)


# -- the second factor -------------------------------------------------------------------------------------------------


@blueprint.get("/second")
@at(Step.FACTOR)
def ask_second(login: Pending, standing: Standing) -> Response:
    """`GET /login/second`: asks for a code of the authenticator app, or a recovery code."""
    return _second_page(standing, SecondForm(formdata=None))


@blueprint.post("/second")
@public
def prove() -> Response:
    """`POST /login/second`: `otp` or `recovery_code`; then the session begins."""
    login = pending.read()
    if login is None:
        return see_other(url_for("accounts.log_in"))
    form = SecondForm()
    typed = Typed(form.otp.data or "", form.recovery_code.data or "")
    tokens = services().tokens
    step = _unfinished(login, Step.FACTOR)
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
    except LoginOver:
        return _over(login)
    except OtherStep as other:
        return see_other(f"/login/{other.step}")
    except WrongCode:
        metrics.count_factor(typed.kind, "wrong")
        form.show([FieldError("recovery_code" if typed.kind == RECOVERY else "otp", "wrong")])
        try:
            standing = person_at_step(tokens.demands, step, since=login.since, now=services().clock())
        except (LoginOver, OtherStep):
            return _over(login)
        return _second_page(standing, form, 422)
    metrics.count_factor(typed.kind, "right")
    return _advance(login, came, form.kept.data or "")


def _second_page(standing: Standing, form: SecondForm, status: int = 200) -> Response:
    form.kept.data = (form.kept.data or "")[:MOST_SEALED]
    return page("login_second.html", status, form=form, has=standing.has)


# -- the first factor, where the role needs one ------------------------------------------------------------------------


@blueprint.get("/enrol")
@at(Step.ENROL)
def ask_enrol(login: Pending, standing: Standing) -> Response:
    """`GET /login/enrol`: shows a new secret for an authenticator app."""
    return _enrol_page(standing, EnrolForm(formdata=None))


@blueprint.post("/enrol")
@at(Step.ENROL)
def enrol(login: Pending, standing: Standing) -> Response:
    """`POST /login/enrol`: `sealed`, `otp`; answers 200 with the session and the recovery codes, shown once."""
    form = EnrolForm()
    secret = drawn(form, login.user_id)
    if secret is None:
        return _enrol_page(standing, EnrolForm(formdata=None, kept=form.kept.data), 422, notice=SLOW)
    tokens = services().tokens
    try:
        session, codes = enrol_app(
            tokens.lifetimes,
            tokens.demands,
            arrival(persistent=login.persistent),
            _unfinished(login, Step.ENROL),
            secret,
            form.otp.data or "",
            since=login.since,
            safe=services().safe,
        )
    except FieldError as problem:
        form.show([problem])
        return _enrol_page(standing, form, 422)
    metrics.note_login(metrics.SUCCEEDED)
    metrics.count_factor(TOTP, "added")
    return sign_in(page("recovery_codes.html", codes=codes, target=login.next, first=True), session)


def _enrol_page(standing: Standing, form: EnrolForm, status: int = 200, *, notice: Notice = None) -> Response:
    form.kept.data = (form.kept.data or "")[:MOST_SEALED]
    person = standing.person
    return app_page("login_enrol.html", form, status, user_id=person.id, username=person.username, notice=notice)
