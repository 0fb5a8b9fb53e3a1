"""A person's own passkeys: add, rename, remove. They are listed at /account/factors."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, url_for
from flask_login import current_user

from webapp.core.ceremony import REGISTER, Refused
from webapp.core.errors import FieldError
from webapp.flows import own_passkeys as flow
from webapp.flows.own_factors import SessionOver, look_up
from webapp.flows.prove_passkey import PASSKEY
from webapp.services import services
from webapp.web.answers import page, see_other
from webapp.web.factors_page import Notice, added, factors_page, removed
from webapp.web.forms import PasskeyNameForm
from webapp.web.gates import count_codes
from webapp.web.passkey_forms import named_address, offer_new, presented, usual_name, why_not_added
from webapp.web.requests import client
from webapp.web.sensitive import sensitive

blueprint = Blueprint("passkeys", __name__, url_prefix="/account/factors/passkeys")


@blueprint.get("/new")
@sensitive()
def new() -> Response:
    """`GET /account/factors/passkeys/new`: the options of a new passkey."""
    return _new_page(PasskeyNameForm(formdata=None, name=usual_name()))


@blueprint.post("/new")
@sensitive()
def add() -> Response:
    """`POST /account/factors/passkeys/new`: `credential`, `ceremony`, `name`.

    The first factor: 200 and recovery codes.
    """
    form = PasskeyNameForm()
    session = current_user.auth_session
    try:
        made = flow.check_made(presented(REGISTER, session.sid), form.name.data or "")
        codes = flow.add_passkey(
            session,
            made,
            demands=services().tokens.demands,
            count=count_codes,
            client=client(),
            now=services().clock(),
        )
    except SessionOver:
        return see_other(url_for("factors.show"))
    except (FieldError, Refused) as problem:
        if isinstance(problem, FieldError) and problem.field == "name":
            form.show([problem])
            return _new_page(form, 422)
        return _new_page(form, 422, ("bad", why_not_added(problem)))
    return added(PASSKEY, codes, "passkey")


@blueprint.post("/<passkey_id>/rename")
def rename(passkey_id: str) -> Response:
    """`POST /account/factors/passkeys/<id>/rename`: `name`."""
    form = PasskeyNameForm()
    try:
        flow.rename_passkey(current_user.id, passkey_id, form.name.data or "")
    except FieldError as problem:
        form.show([problem])
        return factors_page(422, ("bad", form.name.errors[0]))
    return see_other(url_for("factors.show", notice="renamed"))


@blueprint.post("/<passkey_id>/remove")
@sensitive("factors.show")
def remove(passkey_id: str) -> Response:
    """`POST /account/factors/passkeys/<id>/remove`. 422 if the role needs a factor and this is the last."""
    session, application = current_user.auth_session, services()
    demands, now = application.tokens.demands, application.clock()
    remove = partial(flow.remove_passkey, session, passkey_id, demands=demands, client=client(), now=now)
    return removed(PASSKEY, remove, "no-passkey")


def _new_page(form: PasskeyNameForm, status: int = 200, notice: Notice | None = None) -> Response:
    state = look_up(current_user.id)
    if services().tokens.demands.mail_on and not state.is_confirmed:
        return see_other(url_for("factors.show"))
    session = current_user.auth_session
    passkey = offer_new(session.sid, user_id=current_user.id, username=current_user.username, name=current_user.name)
    return page(
        "new_passkey.html",
        status,
        form=form,
        passkey=passkey,
        is_first=not state.has.any,
        address=named_address(),
        notice=notice,
    )
