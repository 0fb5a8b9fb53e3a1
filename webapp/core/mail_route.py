"""`WEBAPP_MAIL_URL`: where mail goes. Errors never repeat the address, which may hold a password."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

MAX_LENGTH = 1000
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class MailRoute(NamedTuple):
    """`scheme` is `off`, `file` (then `folder` counts) or one of PORTS. Its `repr` shows no password."""

    scheme: str
    host: str = ""
    port: int = 0
    username: str = ""
    password: str = ""
    folder: Path | None = None

    def __repr__(self) -> str:
        return f"MailRoute({self.scheme}, {self.host}:{self.port}, {self.folder})"

    @property
    def is_on(self) -> bool:
        """Is mail sent, or written to a folder?"""
        return self.scheme != "off"

    @property
    def is_private(self) -> bool:
        """Does what is sent stay out of strangers' sight: by TLS, or since it doesn't leave this machine?"""
        return self.scheme != "smtp" or is_loopback(self.host)


def read_mail_route(text: str) -> MailRoute:
    """Parse `off`, `file:<folder>`, `smtp://`, `smtps://` or `smtp+starttls://user:password@host:port`.

    User and password are percent-encoded. Raises ValueError, whose text completes "WEBAPP_MAIL_URL …".
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters")
    if text == "off":
        return MailRoute("off")
    if text.startswith("file:"):
        folder = unquote(text.removeprefix("file:").removeprefix("//"))
        if not folder or "\0" in folder:
            raise ValueError("must name a folder after file:")
        return MailRoute("file", folder=Path(folder).expanduser().absolute())
    return _smtp(text)


def _smtp(text: str) -> MailRoute:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must have a host and a port between 1 and 65535") from None
    if parts.scheme not in PORTS:
        raise ValueError("must be off, file:<folder>, or begin with smtp+starttls://, smtps:// or smtp://")
    if not parts.hostname or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be a URL like smtp+starttls://user:password@mail.example.com:587")
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if any(char in username + password for char in "\r\n\0"):
        raise ValueError("must not hold line breaks in its user or password")
    return MailRoute(parts.scheme, parts.hostname, port or PORTS[parts.scheme], username, password)


def is_loopback(host: str) -> bool:
    """Does this name or number mean this machine?"""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
