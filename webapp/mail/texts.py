"""What the mails say. They contain only our own words and numbers, because a text that a person chose must not travel
under our name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.core.mail import NOTICES, MailKind, shown_code
from webapp.dates import datetime_text


class Text(NamedTuple):
    """A mail's subject, and its paragraphs."""

    subject: str
    paragraphs: list[str]


class Given(NamedTuple):
    """What a text is filled with."""

    detail: Mapping[str, Any]
    link: str
    """The whole address, for a reset or an invitation."""
    code: str


def text_of(kind: MailKind, detail: Mapping[str, Any], *, public_url: str, link: str = "", code: str = "") -> Text:
    """The mail in the current language. `link` is the whole address for a reset or an invitation."""
    if kind in PLAIN:
        subject, *paragraphs = map(str, PLAIN[kind])
    else:
        subject, *paragraphs = FILLED[kind](Given(detail, link, shown_code(code)))
    if kind in NOTICES:
        paragraphs += _ending(kind, detail, public_url)
    return Text(subject, paragraphs)


def _ending(kind: MailKind, detail: Mapping[str, Any], public_url: str) -> list[str]:
    """When, on which device, from which network, and where to go if it was not the reader. No token in a notice."""
    facts = [datetime_text(int(detail["at"]))] if "at" in detail else []
    facts += [str(detail[name]) for name in ("device", "network") if detail.get(name)]
    ending = [" · ".join(facts)] if facts else []
    if kind is not MailKind.DELETED:
        ending.append(_("Wasn't it you? Open %(address)s", address=f"{public_url}/account/sessions"))
    return ending


def _factor(given: Given) -> str:
    names = {"totp": _("authenticator app"), "passkey": _("passkey")}
    return str(names.get(str(given.detail.get("factor")), ""))


def _reset(given: Given) -> list[str]:
    return [
        _("Choose a new password"),
        _("Open this link within 30 minutes to choose a new password. It works once."),
        given.link,
        _("If you did not ask for it, do nothing. Your password stays as it is."),
    ]


def _invite(given: Given) -> list[str]:
    return [
        _("Your account is ready"),
        _("Open this link within three days to choose a password. It works once."),
        given.link,
    ]


def _code(given: Given) -> list[str]:
    return [
        _("Your code is %(code)s", code=given.code),
        _("Type it on the page that asks for it. It works for 30 minutes."),
        _("We never ask for it on the phone or in a chat."),
        _(
            "If you did not ask for it, another person mistyped their address. "
            "To make the account yours, use “Forgot your password?” on the login page."
        ),
    ]


def _factor_on(given: Given) -> list[str]:
    return [
        _("Two-step login: %(kind)s added", kind=_factor(given)),
        _("From now on your password alone no longer opens your account."),
    ]


def _factor_off(given: Given) -> list[str]:
    return [_("Two-step login: %(kind)s removed", kind=_factor(given)), _("It no longer opens your account.")]


def _code_used(given: Given) -> list[str]:
    return [
        _("Two-step login: a recovery code was used"),
        _("Recovery codes left: %(left)s", left=int(given.detail["left"])),
    ]


FILLED: dict[MailKind, Callable[[Given], list[str]]] = {
    MailKind.RESET: _reset,
    MailKind.INVITE: _invite,
    MailKind.CODE: _code,
    MailKind.FACTOR_ON: _factor_on,
    MailKind.FACTOR_OFF: _factor_off,
    MailKind.CODE_USED: _code_used,
}
"""Subject and paragraphs of the mails that hold more than words."""

PLAIN = {
    MailKind.TAKEN: (
        _l("This address already has an account"),
        _l("Another account tried to add this address. Nothing was changed."),
    ),
    MailKind.NEW_DEVICE: (
        _l("New login"),
        _l("A device that we have not seen before logged in to your account."),
    ),
    MailKind.PASSWORD: (
        _l("Your password was changed"),
        _l("Your password was changed, and all other sessions of your account ended."),
    ),
    MailKind.REUSE: (
        _l("We ended one of your sessions"),
        _l(
            "An old token was used again. A restored browser profile does that; "
            "so does an attacker with a copy of your cookies."
        ),
        _l("If you can't explain it, change your password."),
    ),
    MailKind.ADDRESS_ASKED: (
        _l("Your email address is about to change"),
        _l("A session of your account asked to use another email address. The new address has to be confirmed first."),
    ),
    MailKind.ADDRESS_CHANGED: (
        _l("Your email address was changed"),
        _l("Your account uses another email address from now on, and all other sessions of your account ended."),
    ),
    MailKind.CODES_MADE: (
        _l("Two-step login: new recovery codes"),
        _l("New recovery codes were made. The earlier ones no longer work."),
    ),
    MailKind.SECOND_FAILED: (
        _l("Another person may know your password"),
        _l(
            "Your password was typed correctly, and then the second step failed too often. "
            "If that wasn't you, change your password."
        ),
    ),
    MailKind.DELETED: (
        _l("Your account is deleted"),
        _l("Your account and all that belonged to it were deleted."),
    ),
}
"""Subject and paragraphs of the others."""
