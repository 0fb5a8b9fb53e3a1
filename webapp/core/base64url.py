"""base64url without padding (RFC 7515 section 2), one spelling for every value."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
"""Turns base64url into base64. `+`, `/` and `=` are not base64url, so they become `!`, which the decoder rejects."""
_FROM_STANDARD = bytes.maketrans(b"+/", b"-_")


def encode_base64url(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_FROM_STANDARD, b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode unpadded base64url. Raises ValueError on anything else, non-canonical trailing bits included."""
    raw = a2b_base64(text.encode("ascii").translate(_TO_STANDARD) + b"=" * (-len(text) % 4), strict_mode=True)
    rest = len(raw) % 3
    if rest and encode_base64url(raw[-rest:]) != text[-rest - 1 :]:
        # Without this one token would have several spellings, and a signature check would not notice.
        raise ValueError("not canonical base64url")
    return raw
