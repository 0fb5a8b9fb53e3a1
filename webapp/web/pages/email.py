"""The user's email address: confirm it, or change it. Registered only where mail is on."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_login import current_user

from webapp.core.errors import FieldError
from webapp.core.logins import clean_email, email_key
from webapp.flows import confirm_address as flow
from webapp.services import services
from webapp.web import device_cookie
from webapp.web.answers import see_other
from webapp.web.forms import CodeForm, EmailForm
from webapp.web.limits import count
from webapp.web.requests import client
from webapp.web.sensitive import is_person_fresh, sensitive
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l

blueprint = Blueprint("email", __name__, url_prefix="/account/email")

NOTICES = {
    "sent": ("info", _l("A code is on its way to your address.")),
    "asked": ("info", _l("If nobody else uses this address, a code is on its way to it.")),
    "confirmed": ("ok", _l("Your email address is confirmed.")),
    "changed": ("ok", _l("Your email address was changed. All other sessions ended.")),
}


@blueprint.get("")
def show() -> Response:
    """`GET /account/email`: the address, whether it is confirmed, and the forms."""
    return _page(200)


@blueprint.post("")
@sensitive("email.show")
def ask_change() -> Response:
    """`POST /account/email`: mails a code to the new address. The old one stays until it is typed."""
    form = EmailForm()
    try:
        new = clean_email(form.email.data or "")
        if new is None:
            raise FieldError("email", "invalid")
        count("code_sent", current_user.id)
        count("code_to", email_key(new))
        session = current_user.auth_session
        flow.ask_change(current_user.id, session.sid, new, client=client(), now=services().clock())
    except FieldError as problem:
        form.show([problem])
        return _page(422, change=form)
    return see_other(url_for("email.show", notice="asked"))


@blueprint.post("/send")
def send() -> Response:
    """`POST /account/email/send`: mails a code to the present address."""
    count("code_sent", current_user.id)
    flow.send_code(current_user.id, now=services().clock())
    return see_other(url_for("email.show", notice="sent"))


@blueprint.post("/confirm")
def confirm() -> Response:
    """`POST /account/email/confirm`: the code that was mailed last."""
    form = CodeForm()
    session = current_user.auth_session
    try:
        changed = flow.enter_code(
            current_user.id, form.code.data or "", sid=session.sid, client=client(), now=services().clock()
        )
    except flow.CodeWrong as wrong:
        form.show([wrong])
        if wrong.left:
            form.code.errors = [*form.code.errors, _("Attempts left: %(left)s", left=wrong.left)]
        return _page(422, code=form)
    except FieldError:
        return _page(422, notice=("bad", _l("This address belongs to another account. Use another one.")))
    answer = see_other(url_for("email.show", notice="changed" if changed else "confirmed"))
    if changed:
        # The epoch moved, and without a new mark this browser would count as a stranger at its next login.
        epoch = session.user_credential_epoch + 1
        device_cookie.remember(answer, session._replace(credential_epoch=epoch))
    return answer


def _page(
    status: int,
    *,
    change: EmailForm | None = None,
    code: CodeForm | None = None,
    notice: tuple[str, object] | None = None,
) -> Response:
    page = render_template(
        "email.html",
        asks_first=not is_person_fresh(),
        state=flow.look_up(current_user.id, services().clock()),
        change=change or EmailForm(formdata=None),
        code=code or CodeForm(formdata=None),
        notice=notice or (NOTICES.get(request.args.get("notice", "")) if status == 200 else None),
    )
    return make_response(page, status)
