"""A site's address in the one form that browsers give it (WHATWG URL, section "host parsing", and RFC 6454).

People write `HTTPS://Login.Example.com:443/`; the browser's `Origin` is `https://login.example.com`. The two are
compared as text, so the first is brought to the form of the second once, when the settings are read.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

MAX_LENGTH = 200
"""Characters. The issuer stands four times in an access token, which has a longest length."""

DEFAULT_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9])?")
_SHAPE = re.compile(r"(https?)://([^/?#@\\]+?)(:[0-9]{1,5})?(/[^?#]*)?", re.IGNORECASE)
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")


def site_address(address: str) -> str:
    """The address of a site, without a trailing slash: its origin as browsers write it, and the path that it is below.

    Lower case; names beyond ASCII in their `xn--` form (UTS 46); IPv4 and IPv6 in their shortest form; neither a
    default port nor a trailing slash or dot. Raises ValueError, with words, for what is no site's address.
    """
    shape = _SHAPE.fullmatch(address)
    if shape is None or not has_usable_port(address):
        raise ValueError("must be a URL like https://login.example.com or https://example.com/login")
    path = (shape[4] or "").rstrip("/")
    if not _PATH.fullmatch(path):
        raise ValueError("must have a path of letters, digits and - . _ ~ only, or none")
    scheme, port = shape[1].lower(), int((shape[3] or ":0")[1:])
    host = _host(shape[2])
    given = f":{port}" if shape[3] and port != DEFAULT_PORTS[scheme] else ""
    site = f"{scheme}://{host}{given}{path}"
    if len(site) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters")
    return site


def in_parts(site: str) -> tuple[str, str]:
    """The origin of a `site_address`, as `Origin` has it, and its path: empty, or `/login` without a trailing slash."""
    parts = urlsplit(site)
    return f"{parts.scheme}://{parts.netloc}", parts.path


def has_usable_port(address: str) -> bool:
    """Can a connection be made to the port that this URL names, if it names one?"""
    try:
        return urlsplit(address).port != 0
    except ValueError:  # no number, or one that no port has; or brackets that do not close
        return False


def is_number(host: str) -> bool:
    """Is this host of an origin an IPv4 or IPv6 address, with or without brackets?"""
    return ":" in host or host.rpartition(".")[2].isdigit()


def _host(text: str) -> str:
    if text.startswith("["):
        return _ipv6(text)
    name = text.lower() if text.isascii() else _in_ascii(text)
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError("must name a host, like https://login.example.com")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", name.rpartition(".")[2]):
        # A host that ends in a number is an IPv4 address to a browser: 127.1 and 0x7f.0.0.1 are 127.0.0.1.
        try:
            return socket.inet_ntoa(socket.inet_aton(name))
        except OSError:
            raise ValueError("must name a host or a valid IP address") from None
    return name


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError("must name a host or a valid IP address") from None
    if address.scope_id is not None or not text.endswith("]"):
        raise ValueError("must name a host or a valid IP address")
    if address.ipv4_mapped:  # Python writes these with dots from 3.13 on, browsers never do
        low = int(address.ipv4_mapped)
        return f"[::ffff:{low >> 16:x}:{low & 0xFFFF:x}]"
    return f"[{address}]"


def _in_ascii(name: str) -> str:
    import idna  # hundreds of kilobytes of tables, for the few sites whose name needs them

    try:
        return idna.encode(name, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        raise ValueError("must name a host whose name is valid (IDNA 2008)") from None
