"""Make typed text comparable and storable."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_LENGTH = 80


def N_(message: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark a text for translation where it is written; whoever shows it translates it."""
    return message


_USERNAME = re.compile(r"[A-Za-z0-9._-]{3,32}")
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
_JOINERS = frozenset("\u200c\u200d")
"""Zero-width (non-)joiner: invisible, yet part of names in Persian, Hindi and of emoji."""


def is_storable(text: str) -> bool:
    """Can every database keep this text? NUL and lone surrogates cannot be written to PostgreSQL or as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def fold(text: str) -> str:
    """The key under which a name is looked up: letter case and Unicode variants of it are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().casefold())


def is_username(text: str) -> bool:
    """3 to 32 of ASCII letters, digits, `.`, `_`, `-`. ASCII only, so that no two names look alike."""
    return _USERNAME.fullmatch(text) is not None


def clean_name(text: str) -> str:
    """A display name in NFC with runs of white space made one space.

    Raises ValueError("unprintable") for control and direction characters, ValueError("too_long") over 80 characters.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(char) in _UNWANTED and char not in _JOINERS for char in name):
        raise ValueError("unprintable")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError("too_long")
    return name
