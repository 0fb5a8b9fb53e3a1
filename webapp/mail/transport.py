"""How a mail travels: by SMTP, or as a file into a folder.

Plain: `smtplib.SMTP.starttls()`. It accepts any certificate, so here a verifying context goes with every connection;
a private authority is named by OpenSSL's own SSL_CERT_FILE.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.policy import default as as_objects
from pathlib import Path

from webapp.core.errors import MailDelayed, MailRefused, MailServerAway, TokenroomError
from webapp.core.mail_route import MailRoute
from webapp.flows.send_mail import Carrier

PATIENCE = 10
"""Seconds a mail server may be silent."""
NEWEST = 20
"""Mails that `GET /outbox` shows."""


@contextmanager
def connect(route: MailRoute) -> Iterator[Carrier]:
    """A way to send several mails, one after another. Raises MailServerAway."""
    if route.folder is not None:
        yield _Folder(route.folder)
        return
    server = _log_in(route)
    try:
        yield _Smtp(server)
    finally:
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()


def _log_in(route: MailRoute) -> smtplib.SMTP:
    context = ssl.create_default_context()
    server: smtplib.SMTP | None = None
    try:
        if route.scheme == "smtps":
            server = smtplib.SMTP_SSL(route.host, route.port, timeout=PATIENCE, context=context)
        else:
            server = smtplib.SMTP(route.host, route.port, timeout=PATIENCE)
        if route.scheme == "smtp+starttls":
            server.starttls(context=context)
        if route.username:
            server.login(route.username, route.password)
        server.ehlo_or_helo_if_needed()
    except (smtplib.SMTPException, OSError) as error:
        if server is not None:
            server.close()
        # The name of the error alone, because its text may repeat what a server says, or what was sent to it.
        raise MailServerAway(f"the mail server cannot be used ({type(error).__name__})") from None
    return server


def probe(route: MailRoute) -> None:
    """Connect, verify the certificate, log in and leave again; send nothing. Raises MailServerAway."""
    with connect(route):
        if route.folder is not None:
            _Folder(route.folder).prepare()


class _Smtp:
    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, message: EmailMessage) -> None:
        try:
            self._server.send_message(message)
        except smtplib.SMTPNotSupportedError:
            raise MailRefused("the mail server does not take addresses beyond ASCII") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _by_code(min(code for code, _text in error.recipients.values())) from None
        except smtplib.SMTPServerDisconnected:
            raise MailServerAway("the mail server closed the connection") from None
        except smtplib.SMTPResponseException as error:
            raise _by_code(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerAway(f"the mail server cannot be used ({type(error).__name__})") from None


def _by_code(code: int) -> TokenroomError:
    if code == 421:  # RFC 5321 section 3.8: the server is about to close the connection
        return MailServerAway("the mail server is closing down (421)")
    if 400 <= code < 500:
        return MailDelayed(f"the mail server asks to try again later ({code})")
    return MailRefused(f"the mail server refuses this mail ({code})")


class _Folder:
    """Mails as files: for development, and for programs that collect them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder, readable by its owner alone. Raises MailServerAway."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MailServerAway(f"the outbox folder cannot be made ({type(error).__name__})") from None

    def send(self, message: EmailMessage) -> None:
        self.prepare()
        identity = str(message["Message-ID"]).strip("<>").partition("@")[0]
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{identity}.eml"
        draft = self._folder / f".{name}"
        try:
            # A reader never sees half a mail, and nobody but the owner sees any.
            with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message.as_bytes(policy=SMTP if str(message["To"]).isascii() else SMTPUTF8))
            os.replace(draft, self._folder / name)
        except OSError as error:
            raise MailServerAway(f"the mail cannot be written ({type(error).__name__})") from None


def newest_files(folder: Path, count: int = NEWEST) -> list[Path]:
    """The newest mails of a folder, newest first."""
    try:
        return sorted(folder.glob("[0-9]*.eml"), reverse=True)[:count]
    except OSError:
        return []


def read_file(path: Path) -> EmailMessage:
    """A mail of the folder."""
    message = message_from_bytes(path.read_bytes(), policy=as_objects)
    assert isinstance(message, EmailMessage)
    return message
