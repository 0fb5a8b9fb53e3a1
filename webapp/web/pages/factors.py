"""Two-step login: the person's authenticator app and recovery codes."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from webapp.core.errors import FieldError
from webapp.flows import own_factors as flow
from webapp.flows.make_codes import make_codes as new_codes
from webapp.flows.prove_factor import TOTP
from webapp.services import services
from webapp.web.answers import page, see_other
from webapp.web.factors_page import added, factors_page, removed
from webapp.web.forms import AppForm
from webapp.web.gates import count_codes
from webapp.web.new_app import app_page, drawn
from webapp.web.requests import client
from webapp.web.sensitive import sensitive

blueprint = Blueprint("factors", __name__, url_prefix="/account/factors")

NOTICES = {
    "added": ("ok", _l("The authenticator app is set up.")),
    "removed": ("ok", _l("The authenticator app was removed. All other sessions ended.")),
    "passkey": ("ok", _l("The passkey was added.")),
    "renamed": ("ok", _l("Saved.")),
    "no-passkey": ("ok", _l("The passkey was removed. All other sessions ended.")),
}
SLOW = ("info", _l("That took too long. Here is a new secret. Scan it again."))


@blueprint.get("")
def show() -> Response:
    """`GET /account/factors`: what there is beside the password."""
    return factors_page(200, NOTICES.get(request.args.get("notice", "")))


@blueprint.get("/totp", endpoint="new_app")
@sensitive()
def show_new_app() -> Response:
    """`GET /account/factors/totp`: a new secret as a picture, as text and as a link."""
    return _app_page(AppForm(formdata=None), 200)


@blueprint.post("/totp")
@sensitive()
def add_app() -> Response:
    """`POST /account/factors/totp`: `sealed`, `otp`. The first factor: 200 and recovery codes."""
    form = AppForm()
    secret = drawn(form, current_user.id)
    if secret is None:
        return _app_page(AppForm(formdata=None), 422, SLOW)
    session = current_user.auth_session
    try:
        codes = flow.add_app(
            session,
            secret,
            form.otp.data or "",
            demands=services().tokens.demands,
            safe=services().safe,
            count=count_codes,
            client=client(),
            now=services().clock(),
        )
    except flow.SessionOver:
        return see_other(url_for("factors.show"))
    except FieldError as problem:
        if problem.field == "email":
            return see_other(url_for("factors.show"))
        form.show([problem])
        return _app_page(form, 422)
    return added(TOTP, codes, "added")


@blueprint.post("/totp/remove")
@sensitive("factors.show")
def remove_app() -> Response:
    """`POST /account/factors/totp/remove`. 422 if the role needs a factor and this is the last."""
    application = services()
    demands, now = application.tokens.demands, application.clock()
    remove = partial(flow.remove_app, current_user.auth_session, demands=demands, client=client(), now=now)
    return removed(TOTP, remove, "removed")


@blueprint.post("/codes")
@sensitive("factors.show")
def make_codes() -> Response:
    """`POST /account/factors/codes`. 200 with ten new recovery codes, shown this once."""
    try:
        codes = new_codes(current_user.auth_session, count=count_codes, client=client(), now=services().clock())
    except flow.SessionOver:
        codes = []
    if not codes:
        return see_other(url_for("factors.show"))
    return page("recovery_codes.html", codes=codes, target=url_for("factors.show"), first=False)


def _app_page(form: AppForm, status: int, notice: tuple[str, object] | None = None) -> Response:
    state = flow.look_up(current_user.id)
    if state.app or (services().tokens.demands.mail_on and not state.is_confirmed):
        return see_other(url_for("factors.show"))
    return app_page(
        "new_app.html", form, status, user_id=current_user.id, username=current_user.username, notice=notice
    )
