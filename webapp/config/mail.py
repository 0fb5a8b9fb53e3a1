"""The settings of mail: `WEBAPP_MAIL_URL`, `WEBAPP_MAIL_FROM`, `WEBAPP_EMAIL_VERIFICATION`."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from webapp.core.errors import SettingsError
from webapp.core.mail_route import MailRoute, is_loopback, read_mail_route

MAX_SENDER_LENGTH = 254


class Reader(Protocol):
    def __call__(self, name: str, default: str, parse: Callable[[str], Any]) -> Any:
        """The setting `name`, parsed. Raises SettingsError."""


class MailSettings(NamedTuple):
    """Where mail goes, who sends it, and whether an address has to be confirmed before a login."""

    route: MailRoute
    sender: str
    verification_required: bool

    @property
    def is_on(self) -> bool:
        """Is mail sent? Where it is not, there is no reset, no confirmation, no change of address and no notice."""
        return self.route.is_on


def read_mail_settings(read: Reader, *, production: bool, instance: Path, public_url: str) -> MailSettings:
    """Read the three settings. Raises SettingsError."""
    host = urlsplit(public_url).hostname or "localhost"
    route = read("MAIL_URL", "off" if production else f"file:{instance / 'outbox'}", read_mail_route)
    if production and not route.is_private:
        raise SettingsError(
            "WEBAPP_MAIL_URL must use smtp+starttls:// or smtps:// in production: "
            "smtp:// sends links that open accounts over the network in the clear"
        )
    required = read("EMAIL_VERIFICATION", "optional", _verification)
    if required and not route.is_on:
        raise SettingsError("WEBAPP_EMAIL_VERIFICATION=required needs WEBAPP_MAIL_URL: codes are sent by mail")
    default_sender = f"no-reply@{_mail_domain(host)}"
    return MailSettings(route, read("MAIL_FROM", default_sender, _sender), required)


def _mail_domain(host: str) -> str:
    if is_loopback(host):
        return "localhost"
    try:
        number = ip_address(host)
    except ValueError:
        return host
    return f"[{'IPv6:' if number.version == 6 else ''}{number}]"  # an address literal (RFC 5321 section 4.1.3)


def _verification(text: str) -> bool:
    if text not in ("optional", "required"):
        raise ValueError("must be one of optional, required")
    return text == "required"


def _sender(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or len(text) > MAX_SENDER_LENGTH or not text.isascii() or not text.isprintable():
        raise ValueError("must be an email address like no-reply@example.com, ASCII only")
    if any(char in text for char in ' <>,;"') or ":" in local:
        raise ValueError("must be an address alone, without a name or angle brackets")
    return text
