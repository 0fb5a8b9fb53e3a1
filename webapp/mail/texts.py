"""What the mails say. Only our own words and numbers: a text that a person chose must not travel under our name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_babel import gettext as _

from webapp.core.mail import NOTICES, MailKind, shown_code
from webapp.dates import datetime_text


class Text(NamedTuple):
    """A mail's subject, and its paragraphs."""

    subject: str
    paragraphs: list[str]


def text_of(kind: MailKind, detail: Mapping[str, Any], *, public_url: str, link: str = "", code: str = "") -> Text:
    """The mail in the current language. `link` is the whole address for a reset or an invitation."""
    subject, paragraphs = _BODIES[kind](detail, link, shown_code(code))
    if kind in NOTICES:
        paragraphs = [*paragraphs, *_ending(kind, detail, public_url)]
    return Text(subject, paragraphs)


def _ending(kind: MailKind, detail: Mapping[str, Any], public_url: str) -> list[str]:
    """When, on which device, from which network, and where to go if it was somebody else. No token in a notice."""
    facts = [datetime_text(int(detail["at"]))] if "at" in detail else []
    facts += [str(detail[name]) for name in ("device", "network") if detail.get(name)]
    ending = [" · ".join(facts)] if facts else []
    if kind is not MailKind.DELETED:
        ending.append(_("Wasn't it you? Open %(address)s", address=f"{public_url}/account/sessions"))
    return ending


def _reset(_detail: Mapping[str, Any], link: str, _code: str) -> Text:
    return Text(
        _("Choose a new password"),
        [
            _("Open this link within 30 minutes to choose a new password. It works once."),
            link,
            _("If you did not ask for it, do nothing. Your password stays as it is."),
        ],
    )


def _invite(_detail: Mapping[str, Any], link: str, _code: str) -> Text:
    return Text(
        _("Your account is ready"),
        [_("Open this link within three days to choose a password. It works once."), link],
    )


def _code(_detail: Mapping[str, Any], _link: str, code: str) -> Text:
    return Text(
        _("Your code is %(code)s", code=code),
        [
            _("Type it on the page that asks for it. It works for 30 minutes."),
            _("We never ask for it on the phone or in a chat."),
            _(
                "If you did not ask for it, somebody mistyped their address. "
                "To make the account yours, use “Forgot your password?” on the login page."
            ),
        ],
    )


def _taken(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("This address already has an account"),
        [_("Somebody tried to add this address to another account. Nothing was changed.")],
    )


def _new_device(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(_("New login"), [_("Somebody logged in to your account on a device that we have not seen before.")])


def _password(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Your password was changed"), [_("Your password was changed, and all other sessions of your account ended.")]
    )


def _reuse(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("We ended one of your sessions"),
        [
            _(
                "An old token was used again. A restored browser profile does that; "
                "so does somebody who copied your cookies."
            ),
            _("If you can't explain it, change your password."),
        ],
    )


def _address_asked(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Your email address is about to change"),
        [
            _(
                "Somebody who is logged in to your account asked to use another email address. "
                "It has to be confirmed first."
            )
        ],
    )


def _address_changed(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Your email address was changed"),
        [_("Your account uses another email address from now on, and all other sessions of your account ended.")],
    )


def _factor_on(detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Two-step login: %(kind)s added", kind=_factor(detail)),
        [_("From now on your password alone no longer opens your account.")],
    )


def _factor_off(detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(_("Two-step login: %(kind)s removed", kind=_factor(detail)), [_("It no longer opens your account.")])


def _codes_made(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Two-step login: new recovery codes"), [_("New recovery codes were made. The earlier ones no longer work.")]
    )


def _code_used(detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Two-step login: a recovery code was used"), [_("Recovery codes left: %(left)s", left=int(detail["left"]))]
    )


def _second_failed(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(
        _("Somebody knows your password"),
        [_("They typed it correctly and failed at the second step. Change your password.")],
    )


def _deleted(_detail: Mapping[str, Any], _link: str, _code: str) -> Text:
    return Text(_("Your account is deleted"), [_("Your account and all that belonged to it were deleted.")])


def _factor(detail: Mapping[str, Any]) -> str:
    names = {"totp": _("authenticator app"), "passkey": _("passkey")}
    return str(names.get(str(detail.get("factor")), ""))


_BODIES = {
    MailKind.RESET: _reset,
    MailKind.INVITE: _invite,
    MailKind.CODE: _code,
    MailKind.TAKEN: _taken,
    MailKind.NEW_DEVICE: _new_device,
    MailKind.PASSWORD: _password,
    MailKind.REUSE: _reuse,
    MailKind.ADDRESS_ASKED: _address_asked,
    MailKind.ADDRESS_CHANGED: _address_changed,
    MailKind.FACTOR_ON: _factor_on,
    MailKind.FACTOR_OFF: _factor_off,
    MailKind.CODES_MADE: _codes_made,
    MailKind.CODE_USED: _code_used,
    MailKind.SECOND_FAILED: _second_failed,
    MailKind.DELETED: _deleted,
}
