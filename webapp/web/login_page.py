"""The login page: why it is here, and what became of the form that was being sent."""

from __future__ import annotations

from flask import Response, request, session
from flask_babel.speaklater import LazyString

from webapp.core.demands import Unmet
from webapp.core.kept_forms import MOST_SEALED
from webapp.core.session import EndReason
from webapp.web.answers import page
from webapp.web.forms import LogInForm
from webapp.web.passkey_forms import offer_login
from webapp.web.requests import home
from webapp.web.texts import lazy_gettext as _l

Notice = tuple[str, LazyString]
"""Kind (info, ok, warn, bad) and words."""

NOTICES: dict[str, Notice] = {
    EndReason.LOGOUT: ("info", _l("You logged out.")),
    EndReason.ENDED: (
        "warn",
        _l("This session was ended from another device. If that wasn't you, change your password."),
    ),
    EndReason.REUSE: (
        "bad",
        _l(
            "We ended this session because an old token was used again. This happens after "
            "restoring a browser profile or a backup, or when an attacker has copied your cookies. "
            "Log in again, and change your password if you can't explain it."
        ),
    ),
    EndReason.PASSWORD: (
        "warn",
        _l("Your password was changed, so all other sessions ended. Log in with the new one."),
    ),
    "reset": ("ok", _l("Your password is changed. Log in with it.")),
    EndReason.ADDRESS: ("warn", _l("The email address was changed, so every other session ended.")),
    EndReason.FACTORS: ("warn", _l("A second step was set up or removed, so every other session ended.")),
    Unmet.FACTOR: ("warn", _l("Your role needs a second step. Log in to set it up.")),
    "slow": ("info", _l("That took too long. Enter your password again.")),
    Unmet.ADDRESS: ("warn", _l("Your email address has to be confirmed first. Log in, and we send you a code.")),
    "deleted": ("info", _l("Your account is deleted.")),
    EndReason.ADMIN: ("warn", _l("An administrator ended this session.")),
    EndReason.REPLACED: ("info", _l("This browser logged in again, so its earlier session ended.")),
    EndReason.LIMIT: (
        "warn",
        _l("You logged in on too many devices, so this session ended, because it was unused the longest."),
    ),
}
"""What `notice=` of the login page says, by the reason why a session ended, what it lacks, or what was just done."""

BOTH_EXPIRED: Notice = ("warn", _l("Both of your tokens had expired (case 1), so you have to log in again."))
TO_CONTINUE: Notice = ("info", _l("Log in to continue to the page you asked for."))

_EXPIRED = "both_expired"
"""Key in the browser's own session. It tells the login page once, and not again when it is reloaded."""


def remember_expiry() -> None:
    """Let the login page that follows say that both tokens had expired."""
    session[_EXPIRED] = True


def log_in_page(
    form: LogInForm,
    target: str,
    status: int,
    *,
    form_error: LazyString | None = None,
    notice: Notice | None = None,
    told: Notice | None = None,
) -> Response:
    """The page. `notice` says why it is here, `told` what became of the form that was being sent.

    That form, sealed, is the field `kept`. It stays in the page until the login succeeds.
    """
    form.next.data = target if target != home() else ""
    form.kept.data = (form.kept.data or "")[:MOST_SEALED]
    if form_error is None and notice is None:
        notice = _reason(bool(form.next.data))
    return page("login.html", status, form=form, passkey=offer_login(), notice=notice, told=told, form_error=form_error)


def _reason(continues: bool) -> Notice | None:
    expired = session.pop(_EXPIRED, False) if request.method == "GET" else False
    return NOTICES.get(request.args.get("notice", "")) or (
        BOTH_EXPIRED if expired else TO_CONTINUE if continues else None
    )
