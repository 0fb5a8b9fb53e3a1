"""Addresses of our own: as a request sent them, and where a person may be sent (CWE-601, open redirect).

An address stays as it was sent, percent-encoding included, wherever it is kept to come back to. A decoded path is not
one: `/a%3Fb` is no longer told from `/a?b`, and `/보고서` is no address at all.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, urlsplit

MAX_LENGTH = 2000

_NOT_A_DESTINATION = frozenset({"/login", "/logout", "/signup"})
_AS_IT_IS = "".join(chr(code) for code in range(33, 127) if chr(code) != "\\")
"""Printable ASCII, but for the backslash, which some browsers take for a slash."""
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)


def address_as_sent(target: str | None, path: str, query: str) -> str:
    """The request's address, percent-encoded as it was sent, without a fragment. Never raises.

    `target`: the request line's (RFC 9112 section 3.2), one character a byte; None where the server keeps none. `path`
    and `query` are its parts as WSGI has them, the path decoded. Then only what must be encoded is.
    """
    if target:
        target = _ABSOLUTE.sub("", target, count=1) or "/"  # as a client writes it to a proxy
    if not target or not target.startswith("/"):
        encoded = quote(path.encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=:@~-._")
        return f"{encoded or '/'}?{_encoded(query)}" if query else encoded or "/"
    return _encoded(target.partition("#")[0])


def safe_next(target: str | None, prefix: str = "") -> str:
    """`target`, percent-encoded, if a person may be sent there after logging in, else the front page. Never raises.

    Pages that log in or out are no destination. `prefix`: the path that the site lives below, or nothing.
    """
    own = own_path(target, prefix)
    return f"{prefix}/" if own is None or urlsplit(own).path.removeprefix(prefix) in _NOT_A_DESTINATION else own


def is_below(path: str, prefix: str) -> bool:
    """Is this path the prefix itself, or below it?"""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def own_path(target: str | None, prefix: str = "") -> str | None:
    """`target`, percent-encoded, if it is a path of our own origin, whatever browser reads it. Never raises.

    With a `prefix`, only what is below it, because the rest of the origin belongs to other sites.

    Browsers read `\\` as `/`, drop tabs and newlines, and take `//host` for another host; so only a single leading
    slash and printable ASCII without a backslash is trusted. Letters and digits of any language, as people write
    them in links, are encoded as a browser would; signs that look like a slash are not.
    """
    if not target or len(target) > MAX_LENGTH or not target.startswith("/") or target.startswith("//"):
        return None
    if not target.isascii():
        if not all(char.isascii() or unicodedata.category(char)[0] in "LMN" for char in target):
            return None
        target = quote(target, safe="".join(map(chr, range(128))))
    if "\\" in target or " " in target or not target.isprintable() or len(target) > MAX_LENGTH:
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or (prefix and not _stays_below(parts.path, prefix)):
        return None
    return target


def _stays_below(path: str, prefix: str) -> bool:
    # Browsers take `..` out before they ask, `%2e` for a dot included (WHATWG URL section 4.4). Proxies decode `%2f`.
    return is_below(path, prefix) and not any(part in (".", "..") for part in unquote(path).split("/"))


def _encoded(text: str) -> str:
    return quote(text.encode("latin-1", "replace"), safe=_AS_IT_IS)
