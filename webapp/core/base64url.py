"""base64url without padding (RFC 7515 section 2), one spelling for every value."""

from __future__ import annotations

import base64


def encode_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode unpadded base64url. Raises ValueError on anything else, non-canonical trailing bits included."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode_base64url(raw) != text:
        # Without this one token would have several spellings, and a signature check would not notice.
        raise ValueError("not canonical base64url")
    return raw
