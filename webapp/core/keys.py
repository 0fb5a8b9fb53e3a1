"""Keys: what one is for, which algorithms it may have, how a new one is made and how a stored one is read.

A key is a JWK (RFC 7517) with two members of our own: `purpose` (access, refresh, factors) and `state` (active,
verify, retired). Keys of the purpose `factors` sign nothing. They seal the secrets of authenticator apps
(core/sealing.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.errors import KeyRingError
from webapp.core.key_generation import new_material, problem_with_jwk

ACCESS, REFRESH = SIGNING = ("access", "refresh")
"""Purposes of the keys that sign tokens. A ring has one active key for each."""
FACTORS = "factors"
PURPOSES = (*SIGNING, FACTORS)

ACTIVE, VERIFY, RETIRED = STATES = ("active", "verify", "retired")

ALGORITHMS = ("HS256", "EdDSA", "ES256", "PS256", "RS256")
"""Algorithms of access keys. Refresh keys are always HS256, because only this application reads their tokens."""

SEALING_ALGORITHM = "A256GCM"
"""What keys of the purpose `factors` are for (RFC 7518 section 5.3)."""

_ALLOWED = {ACCESS: ALGORITHMS, REFRESH: ("HS256",), FACTORS: (SEALING_ALGORITHM,)}
_SYMMETRIC = ("HS256", SEALING_ALGORITHM)

SECRET_BYTES = 32
"""Bytes of a new secret: the size of HS256's hash output (RFC 7518 section 3.2), and exactly an A256GCM key."""

MIN_DISTINCT_BYTES = 16
"""Different bytes in a secret, at least. 32 random bytes hold 30 on average, and fewer than 16 once in 10^16 keys;
zeros, a repeated word or a phrase hold fewer."""

_PUBLIC_MEMBERS = frozenset({"kty", "crv", "x", "y", "n", "e"})


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring. Its `repr` never shows the secret."""

    kid: str
    alg: str
    purpose: str
    state: str
    jwk: Mapping[str, Any] = field(repr=False)

    @property
    def created_at(self) -> int | None:
        """When the key was made (Unix seconds), where the file says so."""
        return _optional_int(self.jwk.get("created_at"))

    @property
    def active_since(self) -> int | None:
        return _optional_int(self.jwk.get("active_since"))

    @property
    def superseded_at(self) -> int | None:
        """When another key took over signing (Unix seconds); None while this one signs."""
        return _optional_int(self.jwk.get("superseded_at"))

    @property
    def secret(self) -> bytes:
        """The raw secret of a symmetric key. Raises KeyRingError for any other kind."""
        if self.jwk.get("kty") != "oct":
            raise KeyRingError(f"key {self.kid} is not a symmetric key")
        return decode_base64url(str(self.jwk.get("k", "")))

    def public_jwk(self) -> dict[str, Any] | None:
        """The members a foreign verifier needs (RFC 7517), or None for a symmetric key."""
        if self.jwk.get("kty") == "oct":
            return None
        public = {name: value for name, value in self.jwk.items() if name in _PUBLIC_MEMBERS}
        return public | {"kid": self.kid, "alg": self.alg, "use": "sig"}

    def to_jwk(self) -> dict[str, Any]:
        return {**self.jwk, "kid": self.kid, "alg": self.alg, "purpose": self.purpose, "state": self.state}


def generate(purpose: str, alg: str, now: int) -> Key:
    """A new active key for an algorithm of this purpose. RSA takes about a second."""
    return new_secret(purpose, now) if alg in _SYMMETRIC else new_key(purpose, alg, new_material(alg), now)


def new_secret(purpose: str, now: int) -> Key:
    """A new active symmetric key of 256 random bits. It signs with HS256, or seals where that is its purpose."""
    material = {"kty": "oct", "k": encode_base64url(secrets.token_bytes(SECRET_BYTES))}
    return new_key(purpose, SEALING_ALGORITHM if purpose == FACTORS else "HS256", material, now)


def new_key(purpose: str, alg: str, material: Mapping[str, Any], now: int) -> Key:
    """An active key around existing key material (the JWK members of its kind)."""
    kid = f"{purpose}-{secrets.token_hex(6)}"
    return Key(kid, alg, purpose, ACTIVE, {**material, "created_at": now, "active_since": now})


def read_key(entry: object, number: int) -> Key:
    """The key in an entry of a JWK set, the `number`th. Raises KeyRingError, whose text never shows key material."""
    if not isinstance(entry, dict):
        raise KeyRingError(f"key {number} is not an object")
    texts = {name: entry.get(name) for name in ("kid", "alg", "purpose", "state", "kty")}
    missing = [name for name, value in texts.items() if not isinstance(value, str) or not value]
    if missing:
        raise KeyRingError(f"key {number} is missing {', '.join(missing)}")
    kid, alg, purpose, state = (str(texts[name]) for name in ("kid", "alg", "purpose", "state"))
    if purpose not in PURPOSES:
        raise KeyRingError(f"key {kid}: unknown purpose")
    if state not in STATES:
        raise KeyRingError(f"key {kid}: unknown state")
    if alg not in _ALLOWED[purpose]:
        raise KeyRingError(f"key {kid}: algorithm not allowed for {purpose} keys")
    own = {"kid", "alg", "purpose", "state"}
    key = Key(kid, alg, purpose, state, {name: value for name, value in entry.items() if name not in own})
    if alg not in _SYMMETRIC:
        if problem := problem_with_jwk(alg, key.to_jwk(), signs=state == ACTIVE):
            raise KeyRingError(f"key {kid}: {problem}")
    elif texts["kty"] != "oct":
        raise KeyRingError(f"key {kid}: its kty does not match {alg}")
    else:
        _check_secret(key)
    return key


def _check_secret(key: Key) -> None:
    try:
        secret = key.secret
    except (ValueError, TypeError):
        raise KeyRingError(f"key {key.kid}: k is not base64url") from None
    if key.alg == SEALING_ALGORITHM and len(secret) != SECRET_BYTES:
        raise KeyRingError(f"key {key.kid}: an {key.alg} key has exactly {SECRET_BYTES} bytes")
    if len(secret) < SECRET_BYTES:
        raise KeyRingError(f"key {key.kid}: the secret is shorter than {SECRET_BYTES} bytes")
    if len(set(secret)) < MIN_DISTINCT_BYTES:
        raise KeyRingError(f"key {key.kid}: the secret has fewer than {MIN_DISTINCT_BYTES} different bytes")


def _optional_int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
