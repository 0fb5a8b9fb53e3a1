"""Where a person may be sent after logging in: this origin only (CWE-601, open redirect)."""

from __future__ import annotations

from urllib.parse import urlsplit

MAX_LENGTH = 2000

_NOT_A_DESTINATION = frozenset({"/login", "/logout", "/signup"})


def safe_next(target: str | None, default: str = "/") -> str:
    """`target` if it is a path of this origin, else `default`. Never raises.

    Browsers read `\\` as `/`, drop tabs and newlines, and take `//host` for another host; so only a single leading
    slash and printable ASCII without a backslash is trusted. Pages that log in or out are no destination.
    """
    if not target or len(target) > MAX_LENGTH:
        return default
    if not target.startswith("/") or target.startswith("//"):
        return default
    if "\\" in target or not target.isascii() or not target.isprintable() or " " in target:
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or parts.path in _NOT_A_DESTINATION:
        return default
    return target
