"""Find the token in a pasted text: a whole header line, a cookie, a curl option, quotes, characters nobody sees."""

from __future__ import annotations

import re
import unicodedata

from webapp.core.inspector.key_texts import trimmed

MAX_TEXT = 16_384
"""Characters of a pasted token that are looked at."""

_SCHEME = re.compile(r"(?:(?:proxy-)?authorization\s*:\s*)?(?:bearer|jwt|token)(?:\s+|$)", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.…-]+")
_QUOTES = "\"'`<>,;() "


def token_in(text: str) -> str:
    """The token in a pasted text, line breaks taken out. The text itself where no token can be told apart."""
    text = trimmed(text)
    if not text.isascii():
        text = "".join(char for char in text if char.isascii() or unicodedata.category(char) != "Cf")
    plain = text.strip(_QUOTES)
    plain = _SCHEME.sub("", plain, count=1).strip(_QUOTES) if _SCHEME.match(plain) else plain
    together = "".join(plain.split())
    if _TOKEN.fullmatch(together) and not _value(together):
        return together
    for piece in _TOKEN.findall(plain):
        found = _value(piece) or piece
        # A JSON object in base64 begins so, and hardly any word with a dot in it does.
        if found.startswith(("ey", "ew")) and "." in found:
            return str(found)
    return together


def _value(piece: str) -> str:
    """What stands behind `name=`, as in a cookie or a query; empty if there is no name."""
    name, equals, value = piece.partition("=")
    # With nothing but a dot behind it, it is a padded header.
    is_named = equals and "." not in name and not value.lstrip("=").startswith(".")
    return value if is_named and value.strip("=") else ""


def kind_of(token: str, segments: tuple[str, ...], header: dict[str, object] | None) -> str | None:
    """What it is, if no signed token: shortened, encrypted, paseto, opaque, not_three. None if it may be one."""
    if "…" in token or "..." in token:
        return "shortened"
    if len(segments) == 5 and header is not None and "enc" in header:
        return "encrypted"
    if re.match(r"v[1-4]\.(?:local|public)\.", token):
        return "paseto"
    if len(segments) == 1 and header is None:
        return "opaque"
    return "not_three" if len(segments) != 3 else None
