"""Secrets that have to be read again, sealed for the database: AES-256-GCM under the key ring's purpose `factors`.

A sealed text is `kid.base64url(nonce, ciphertext, tag)`. Its owner is authenticated with it (associated data), so a
text that is moved to another person's row does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.errors import TokenroomError
from webapp.core.key_ring import KeyRing
from webapp.core.keys import FACTORS, Key

NONCE_BYTES = 12
"""96 random bits, which suffice because far fewer than 2^32 texts are sealed under one key (NIST SP 800-38D section
8.2.2)."""
MAX_LENGTH = 4096
"""Characters of a sealed text."""

FindKey = Callable[[str], bytes | None]
"""Key id -> the 256-bit key that may still open, or None."""


class CannotOpen(TokenroomError):
    """The text was not sealed by us for this, or its key is gone. Nothing more is said."""


def seal(plain: bytes, *, belongs_to: str, kid: str, key: bytes) -> str:
    """Encrypt and sign `plain` so that it opens only for the same `belongs_to`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return f"{kid}.{encode_base64url(nonce + AESGCM(key).encrypt(nonce, plain, belongs_to.encode()))}"


def unseal(sealed: str, *, belongs_to: str, find_key: FindKey) -> bytes:
    """The plain bytes. Raises CannotOpen on whatever is wrong."""
    kid, dot, text = sealed.partition(".")
    key = find_key(kid) if dot and len(sealed) <= MAX_LENGTH else None
    if key is None:
        raise CannotOpen("this was not sealed with a key of ours")
    try:
        data = decode_base64url(text)
        return AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], belongs_to.encode())
    except (ValueError, InvalidTag):
        raise CannotOpen("this does not open") from None


def kid_of(sealed: str) -> str:
    """Which key sealed it."""
    return sealed.partition(".")[0]


class Safe(NamedTuple):
    """The key ring as far as it seals: its active key seals, and keys that only verify still open."""

    ring: KeyRing

    @property
    def can_seal(self) -> bool:
        """Whether there is a key at all. Without one there are no authenticator apps."""
        return self.ring.sealing_key is not None

    def seal(self, plain: bytes, belongs_to: str) -> str:
        """See `seal`. Only where `can_seal`."""
        key = self._key
        return seal(plain, belongs_to=belongs_to, kid=key.kid, key=key.secret)

    def open(self, sealed: str, belongs_to: str) -> bytes:
        """See `unseal`. Raises CannotOpen."""
        return unseal(sealed, belongs_to=belongs_to, find_key=self._opening)

    def is_current(self, sealed: str) -> bool:
        """Whether the active key sealed it."""
        return kid_of(sealed) == self._key.kid

    @property
    def _key(self) -> Key:
        key = self.ring.sealing_key
        if key is None:
            raise CannotOpen("the key ring has no key of the purpose factors")
        return key

    def _opening(self, kid: str) -> bytes | None:
        key = self.ring.verifying(kid, FACTORS)
        return None if key is None else key.secret
