"""Values of settings: text in, value out. Each raises ValueError with words that complete "WEBAPP_NAME …"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from webapp.core.origins import MAX_LENGTH as MAX_PUBLIC_URL_LENGTH
from webapp.core.origins import has_usable_port, site_address


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def switch(text: str) -> bool:
    return one_of("on", "off")(text) == "on"


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError("must be a whole number")
    return int(text)


def seconds(text: str) -> int:
    seconds = whole_number(text)
    if seconds < 1:
        raise ValueError("must be at least 1 second")
    return seconds


def proxies(text: str) -> int:
    count = whole_number(text)
    if count > 10:
        raise ValueError("must be between 0 and 10")
    return count


def keep_alive(text: str) -> int:
    seconds = whole_number(text)
    if not 1 <= seconds <= 3600:
        raise ValueError("must be between 1 and 3600 seconds")
    return seconds


def public_url(text: str) -> str:
    if len(text) > MAX_PUBLIC_URL_LENGTH:
        raise ValueError(f"must be at most {MAX_PUBLIC_URL_LENGTH} characters")
    return site_address(text)


def redis_url(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    text = scheme.lower() + colon + rest
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must be a URL like redis://127.0.0.1:6379/0")
    if not text or text.startswith("unix:"):
        return text  # nothing, or the path of a socket
    if not has_usable_port(text) or not (urlsplit(text).path.strip("/") or "0").isdecimal():
        # The address may hold a password, so neither it nor the parser's message is repeated.
        raise ValueError("must end with a port and a database number, like redis://127.0.0.1:6379/0")
    return text


def followed(text: str) -> Path:
    """A path whose links are followed anew whenever it is opened: Kubernetes changes what a mounted one points to."""
    return Path(text).expanduser().absolute()
