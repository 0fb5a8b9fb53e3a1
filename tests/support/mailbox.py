"""Mails as a user gets them: from the outbox folder, or from a mail server in this process."""

from __future__ import annotations

import re
import socket
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from tests.support.server import Server
from tests.support.waiting import until
from webapp.mail import courier
from webapp.services import services_of


def read(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage) -> str:
    """The decoded text, because long links are wrapped on the wire."""
    return str(message.get_content()).replace("\r\n", "\n")


def link(message: EmailMessage) -> str:
    """The address in the mail that carries a secret."""
    found = re.search(r"^\S+/reset/open\?token=\S+$", text(message), re.MULTILINE)
    assert found, text(message)
    return found.group()


def code(message: EmailMessage) -> str:
    """The code in the mail's subject."""
    found = re.search(r"\d{4} \d{4}", str(message["Subject"]))
    assert found, message["Subject"]
    return found.group()


class Outbox:
    """The folder that mail is written to unless a test says otherwise, of an application or of a server."""

    def __init__(self, place: Flask | Server) -> None:
        self._app = place if isinstance(place, Flask) else None
        folder = place.folder / "outbox" if isinstance(place, Server) else services_of(place).settings.mail.route.folder
        assert folder is not None
        self.folder = folder

    def newest(self, address: str) -> EmailMessage:
        """The newest mail to this address. An application's own courier runs first; a server's is waited for."""
        if self._app is not None:
            courier.send_round(self._app)
        return until(lambda: self.to(address), what=f"no mail to {address}")[-1]

    def all(self) -> list[EmailMessage]:
        """Every mail, oldest first."""
        return [
            read(path.read_bytes())
            for path in sorted(self.folder.glob("[0-9]*.eml"), key=lambda path: path.stat().st_mtime_ns)
        ]

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.all() if message["To"] == address]


class MailServer:
    """Takes mail on a free port of 127.0.0.1. `answers` says what it tells a recipient instead of yes."""

    def __init__(self, **options: object) -> None:
        self.got: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        self.after_data: str | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)  # type: ignore[arg-type]

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append(read(envelope.content if isinstance(envelope.content, bytes) else b""))
        return self.after_data or "250 OK"
