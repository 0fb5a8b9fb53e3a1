"""Sign up, log in, log out, and the profile."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, url_for
from flask_login import current_user

from webapp.core.errors import FieldError
from webapp.core.freshness import MULTIPLE
from webapp.dates import language
from webapp.flows import log_in as log_in_flow
from webapp.flows import log_out as log_out_flow
from webapp.flows import own_factors
from webapp.flows import save_profile as profile_flow
from webapp.flows import sign_up as sign_up_flow
from webapp.flows.log_in import Unfinished
from webapp.services import services
from webapp.web import login_steps, pending
from webapp.web.answers import page, see_other
from webapp.web.cookies import clear_tokens
from webapp.web.forms import LogInForm, ProfileForm, SignUpForm
from webapp.web.gates import LogInGate
from webapp.web.kept_forms import page_after_login
from webapp.web.language import theme
from webapp.web.limits import limited
from webapp.web.login_page import log_in_page
from webapp.web.marks import public
from webapp.web.requests import client, home, way_back
from webapp.web.sign_in import arrival, sign_in
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("accounts", __name__)

WRONG = _l("The username or password is wrong.")


@blueprint.get("/signup")
@public
def sign_up() -> Response:
    """`GET /signup`."""
    form = SignUpForm()
    target = way_back(request.args.get("next"))
    if current_user.is_authenticated:
        return see_other(target)
    form.next.data = target if target != home() else ""
    return page("signup.html", form=form)


@blueprint.post("/signup")
@public
@limited("sign_up")
def create() -> Response:
    """`POST /signup`: makes the account and signs in with it, or goes on to the steps that the site demands."""
    form = SignUpForm()
    if not services().settings.signup_open:
        return page("signup.html", 403, form=form)
    account, problems = sign_up_flow.check_account(
        form.username.data or "",
        form.email.data or "",
        form.name.data or "",
        form.password.data or "",
        language=language(),
        theme=theme(),
    )
    if account is not None:
        try:
            typed = form.password.data or ""
            came = sign_up_flow.sign_up(account, arrival(), password=typed)
        except FieldError as problem:
            problems = [problem]
        else:
            target = way_back(form.next.data)
            if isinstance(came, Unfinished):
                return login_steps.begin(came, target=target)
            return sign_in(see_other(target), came)
    form.show(problems)
    return page("signup.html", 422, form=form)


@blueprint.route("/login", methods=["GET", "POST"])
@public
def log_in() -> Response:
    """`GET, POST /login`."""
    form = LogInForm()
    target = way_back(form.next.data or request.args.get("next"))
    if request.method != "POST":  # HEAD is answered as GET is, and changes nothing
        return see_other(target) if current_user.is_authenticated else log_in_page(form, target, 200)
    try:
        session = log_in_flow.log_in(
            arrival(persistent=bool(form.remember.data)),
            login=form.username.data or "",
            password=form.password.data or "",
            gate=LogInGate(client()),
        )
    except log_in_flow.WrongCredentials:
        return log_in_page(form, target, 422, form_error=WRONG)
    if isinstance(session, Unfinished):
        return login_steps.begin(session, target=target, kept=form.kept.data or "")
    kept = page_after_login(g.auth, form.kept.data or "", session, services())
    return sign_in(kept or see_other(target), session)


@blueprint.post("/logout")
@public
def log_out() -> Response:
    """`POST /logout`: ends the session, then clears both cookies."""
    access, refresh = g.auth.sent
    log_out_flow.log_out(services().tokens, access.value, refresh.value, "web", client(), services().clock())
    answer = see_other(url_for("accounts.log_in"))
    clear_tokens(answer)
    pending.forget(answer)
    return answer


@blueprint.route("/account", methods=["GET", "POST"])
def account() -> Response:
    """`GET, POST /account`: the profile."""
    if request.method != "POST":  # HEAD is answered as GET is, and changes nothing
        form = ProfileForm(obj=g.auth.person)
        return _account_page(form, 200)
    form = ProfileForm()
    try:
        profile_flow.save_profile(
            current_user.id,
            **{field: request.form[field] for field in ("name", "theme", "language") if field in request.form},
        )
    except FieldError as problem:
        form.show([problem])
        return _account_page(form, 422)
    return see_other(url_for("accounts.account", notice="saved"))


def _account_page(form: ProfileForm, status: int) -> Response:
    notice = ("ok", _l("Saved.")) if request.args.get("notice") == "saved" and status == 200 else None
    # A user whose session lacks `mfa` has no factor, since the first one ends all others. They cost nothing here.
    two_step = own_factors.look_up(current_user.id) if MULTIPLE in current_user.auth_session.amr.split() else None
    return page(
        "account.html",
        status,
        form=form,
        has_factor=two_step is not None and two_step.has.any,
        few_codes=two_step.few_codes if two_step else None,
        notice=notice,
    )
