"""A form that was refused for now is offered once more, so nothing that was typed is lost to an error."""

from __future__ import annotations

from typing import NamedTuple

from flask import Request, url_for
from flask_babel.speaklater import LazyString
from werkzeug.exceptions import HTTPException

from webapp.core.cross_origin import SAFE_METHODS
from webapp.web.csrf import is_proven_same_origin
from webapp.web.requests import here
from webapp.web.texts import lazy_gettext as _l

MOST_FIELDS = 40
"""Fields that a page carries along."""

_CODES = frozenset({"otp", "recovery_code", "code"})
_FOR_ONE_REQUEST = frozenset({"csrf_token", "credential", "ceremony"})
_PASSKEY = "/passkey"
"""How the address of a passkey's form ends. Without it, it is the address of the form beside it."""


class TypedForm(NamedTuple):
    """A form to be sent again."""

    action: str
    fields: list[tuple[str, str]]
    secrets: list[str]
    """Names of passwords and codes, to be typed anew."""


def form_of(request: Request) -> TypedForm | None:
    """The form of this request: never a password or a code, never its old CSRF token. None: it cannot be read."""
    try:
        typed = request.form
    except HTTPException:  # larger than any form may be
        return None
    sent = [(name, value) for name, value in typed.items(multi=True) if name not in _FOR_ONE_REQUEST]
    secrets = dict.fromkeys(name for name, value in sent if "password" in name or (name in _CODES and value))
    fields = [(name, value) for name, value in sent if name not in secrets and name not in _CODES]
    return TypedForm(here(request).removesuffix(_PASSKEY), fields[:MOST_FIELDS], list(secrets)[:MOST_FIELDS])


def offered(request: Request) -> TypedForm | None:
    """The form of this request, if there is something in it to send again.

    Only where the browser says that our page sent it; otherwise a stranger's values would be one click away.
    """
    if request.method != "POST" or not is_proven_same_origin():
        return None
    form = form_of(request)
    # A passkey's form alone has nothing, because its ceremony was for one request.
    if form is None or not (form.secrets or (form.fields and "ceremony" not in request.form)):
        return None
    return form


def page_of(request: Request) -> tuple[str, LazyString] | None:
    """The page that this form was sent from, and the words of a link to it."""
    if request.path == "/login":
        return url_for("accounts.log_in"), _l("Back to login")
    if request.path.endswith(_PASSKEY):
        return here(request).removesuffix(_PASSKEY), _l("Back to the form")
    rule = request.url_rule
    if request.method not in SAFE_METHODS and rule is not None and "GET" in (rule.methods or ()):
        return here(request), _l("Back to the form")
    return None
