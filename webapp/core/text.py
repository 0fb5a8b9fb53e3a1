"""Make typed text comparable and storable. Lengths come first: Unicode normalisation takes quadratic time."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

MAX_NORMALISED = 1024
"""Characters that are normalised at most. 16,000 combining marks in one row take seconds, 1,024 a millisecond."""

MAX_NAME_LENGTH = 80
MAX_TYPED_NAME = 320
"""Characters of a display name before it is cleaned: 80 letters, each with three marks of its own."""

_BLANK = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}\u2800\U0001D159\U00013441\U00013442]*")
"""Characters that show nothing: fillers, joiners, selectors, the empty braille cell, the null notehead."""

_AT_THE_START = regex.compile(r"(?V1)^[\s\p{Default_Ignorable_Code_Point}--[\u202A-\u202E\u2066-\u2069]]+")
_AT_THE_END = regex.compile(
    # Variation selectors and tags stay, because they belong to the emoji before them.
    r"(?V1)[\s\p{Default_Ignorable_Code_Point}--[\u202A-\u202E\u2066-\u2069\uFE00-\uFE0F\U000E0000-\U000E0FFF]]+$"
)
_EMBEDDED = regex.compile(r"[\u202A\u202B\u2066-\u2068]([^\u202A-\u202E\u2066-\u2069]*)[\u202C\u2069]")
"""Text that was copied out of an address book, with the marks that some put around it."""
_FLAG = regex.compile(r"\U0001F3F4[\U000E0020-\U000E007E]{1,6}\U000E007F")
_UNPRINTABLE = regex.compile(
    # Unassigned code points are not among them, because Python's tables and ours are older than some people's
    # keyboards.
    r"(?V1)[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}"
    # Zero-width (non-)joiner is invisible, yet part of names in Persian and Hindi, and of emoji.
    r"[\p{Cf}--[\u200C\u200D]][\p{Default_Ignorable_Code_Point}&&\p{Cn}]]"
)


def N_(message: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark a text for translation where it is written. It is translated where it is shown."""
    return message


def is_storable(text: str) -> bool:
    """Can every database keep this text? NUL and lone surrogates cannot be written to PostgreSQL or as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def fold(text: str) -> str:
    """A key under which text is compared: letter case and Unicode variants of it are one.

    Only the first MAX_NORMALISED characters count.
    """
    compatible = unicodedata.normalize("NFKC", text[:MAX_NORMALISED]).strip()[:MAX_NORMALISED]
    return unicodedata.normalize("NFKC", compatible.casefold()[:MAX_NORMALISED])


def clean_name(text: str) -> str:
    """A display name in NFC without invisible characters around it, and with runs of white space made one space.

    Raises ValueError("too_long") over 80 characters, ValueError("unprintable") for control and direction characters,
    ValueError("invisible") for a name that is not empty and shows nothing.
    """
    if len(text) > MAX_TYPED_NAME:
        raise ValueError("too_long")
    name = unicodedata.normalize("NFC", text)
    if embedded := _EMBEDDED.fullmatch(name.strip()):
        name = embedded[1]
    name = " ".join(_AT_THE_END.sub("", _AT_THE_START.sub("", name)).split())
    if _UNPRINTABLE.search(_FLAG.sub("", name)):
        raise ValueError("unprintable")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError("too_long")
    if text.strip() and _BLANK.fullmatch(name):
        raise ValueError("invisible")
    return name


_LETTER = regex.compile(r"\X")


@lru_cache(1024)
def first_letter(text: str) -> str:
    """What a reader takes for the first letter: a syllable with its marks, a flag, a family of emoji."""
    found = _LETTER.match(text)
    return found[0] if found else ""
