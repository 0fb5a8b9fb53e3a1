"""A new authenticator app on a page: its secret as a picture, as text and as a link. For account and login."""

from __future__ import annotations

from typing import Any

from flask import Response

from webapp.core import totp
from webapp.core.enrolment import draw, open_drawn
from webapp.core.qr import picture
from webapp.services import services
from webapp.web.answers import page
from webapp.web.forms import AppForm

ISSUER = "Tokenroom"


def drawn(form: AppForm, user_id: str) -> bytes | None:
    """The secret that the page of this form showed; None if it is too old or not ours."""
    return open_drawn(services().safe, form.sealed.data or "", user_id, services().clock())


def app_page(template: str, form: AppForm, status: int, *, user_id: str, username: str, **context: Any) -> Response:
    """The page with the secret of `form`, or with a new one. `secret` is missing where no key can seal it."""
    application = services()
    if not application.safe.can_seal:
        return page(template, status, form=form, picture=None, **context)
    secret = drawn(form, user_id)
    if secret is None:
        form.sealed.data = draw(application.safe, user_id, application.clock())
        secret = drawn(form, user_id)
    assert secret is not None
    link = totp.as_link(secret, issuer=ISSUER, username=username)
    form.otp.data = ""
    return page(template, status, form=form, picture=picture(link), secret=totp.as_text(secret), link=link, **context)
