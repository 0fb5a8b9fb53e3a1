"""Where a person may be sent after logging in: this origin only (CWE-601, open redirect)."""

from __future__ import annotations

from urllib.parse import urlsplit

MAX_LENGTH = 2000

_NOT_A_DESTINATION = frozenset({"/login", "/logout", "/signup"})


def safe_next(target: str | None, default: str = "/") -> str:
    """`target` if a person may be sent there after logging in, else `default`. Never raises.

    Pages that log in or out are no destination.
    """
    if not target or not is_own_path(target) or urlsplit(target).path in _NOT_A_DESTINATION:
        return default
    return target


def is_own_path(target: str) -> bool:
    """Is this a path of our own origin, whatever browser reads it? Never raises.

    Browsers read `\\` as `/`, drop tabs and newlines, and take `//host` for another host; so only a single leading
    slash and printable ASCII without a backslash is trusted.
    """
    if len(target) > MAX_LENGTH or not target.startswith("/") or target.startswith("//"):
        return False
    if "\\" in target or " " in target or not target.isascii() or not target.isprintable():
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not (parts.scheme or parts.netloc)
