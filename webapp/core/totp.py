"""Codes of an authenticator app: TOTP (RFC 6238) over HOTP (RFC 4226), six digits, SHA-1, steps of thirty seconds.

A code that fits may have been used before. The store keeps the newest step that was used, and
one conditional statement decides (RFC 6238 section 5.2).
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from urllib.parse import quote

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

DIGITS = 6
STEP = 30
"""Seconds a code is shown."""
TOLERANCE = 1
"""Steps before and after the present one whose codes are accepted, because a phone two seconds ahead is not an
attack."""
SECRET_BYTES = 20
"""160 bits, the size of SHA-1's output (RFC 4226 section 4, R6)."""
MAX_TYPED_LENGTH = 32
"""Characters. Longer input is wrong before anything is done with it."""


def new_secret() -> bytes:
    """A new random secret."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of one step (Unix seconds divided by STEP)."""
    # Apps show six digits of secrets of any length; the length is ours to choose, and it is 160 bits.
    totp = TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303 - HMAC-SHA-1, as all apps compute it
    return totp.generate(step * STEP).decode()


def typed_digits(text: str) -> str | None:
    """The six digits of the typed text, spaces and full-width forms allowed; None if it cannot be a code."""
    if len(text) > MAX_TYPED_LENGTH:
        return None
    digits = "".join(unicodedata.normalize("NFKC", text).split())
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else None


def matching_step(secret: bytes, digits: str, *, now: int, last_step: int) -> int | None:
    """The newest step whose code is `digits` and that is newer than `last_step`; None if there is none.

    The newest, because two steps can have the same code. The older one would leave its twin to be used again. All steps
    are compared, in constant time each.
    """
    present = now // STEP
    fitting = [
        step
        for step in range(present - TOLERANCE, present + TOLERANCE + 1)
        if bytes_eq(code_at(secret, step).encode(), digits.encode()) and step > last_step
    ]
    return max(fitting, default=None)


def as_text(secret: bytes) -> str:
    """The secret as people type it into an app: base32 in groups of four."""
    plain = base64.b32encode(secret).decode()
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def as_link(secret: bytes, *, issuer: str, username: str) -> str:
    """An `otpauth:` address for the app, also as a picture. The issuer has no colon, which separates the two."""
    label = f"{quote(issuer, safe='')}:{quote(username, safe='')}"
    secret_text = base64.b32encode(secret).decode()
    return (
        f"otpauth://totp/{label}?secret={secret_text}&issuer={quote(issuer, safe='')}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
