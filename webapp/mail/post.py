"""The post of one application: how its mails are written, and how they are carried."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from flask_babel import force_locale

from webapp.config.mail import MailSettings
from webapp.core.mail import LINKS, MailKind
from webapp.flows.send_mail import Carrier
from webapp.mail import transport
from webapp.mail.texts import text_of
from webapp.store.mails import MailRow

LINK_PATH = "/reset/open?token="
"""Where links lead: the form that chooses a password. Looking at it uses nothing up."""


def link_token(mail_id: str, secret: str) -> str:
    """What a link carries: which mail, and its secret."""
    return f"{mail_id}.{secret}"


class ApplicationPost:
    """Writes plain text from our own words, and sends it where the settings say. Needs an application context."""

    def __init__(self, settings: MailSettings, public_url: str) -> None:
        self._settings = settings
        # Never the request's Host, because a stranger who asks for a link must not choose where it leads.
        self._public_url = public_url

    def write(self, mail: MailRow, secret: str | None) -> EmailMessage:
        """The mail as it goes out (RFC 5322): plain text, marked as automatic (RFC 3834), without trackers."""
        kind = MailKind(mail.kind)
        link = f"{self._public_url}{LINK_PATH}{link_token(mail.id, secret)}" if kind in LINKS and secret else ""
        code = secret if kind is MailKind.CODE and secret else ""
        with force_locale(mail.language):
            text = text_of(kind, mail.detail, public_url=self._public_url, link=link, code=code)
        # The identity is the row's, so a mail that is sent twice after a crash is one mail to its reader.
        message = _envelope(self._settings.sender, mail.address, text.subject, mail.id, mail.created_at)
        message["Content-Language"] = mail.language
        site = self._public_url.partition("://")[2]
        message.set_content("\n\n".join([*text.paragraphs, f"-- \n{site}"]) + "\n", charset="utf-8")
        return message

    def connect(self) -> AbstractContextManager[Carrier]:
        """One connection for a round. Raises MailServerAway."""
        return transport.connect(self._settings.route)


def _envelope(sender: str, address: str, subject: str, identity: str, at: int) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = on_the_wire(address)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    message["Message-ID"] = f"<{identity}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def test_message(sender: str, address: str, public_url: str, now: int) -> EmailMessage:
    """What `flask mail test` sends."""
    message = _envelope(sender, address, "Test", secrets.token_hex(16), now)
    message.set_content(f"This is a test mail from {public_url}. Mail works.\n", charset="utf-8")
    return message


def on_the_wire(address: str) -> str:
    """The address with its domain in ASCII form (RFC 5891), because servers without SMTPUTF8 take it too."""
    import idna  # loaded by couriers alone

    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address
