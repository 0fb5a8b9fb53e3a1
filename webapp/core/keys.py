"""The key ring: which key signs, which keys verify.

A ring is a JWK set (RFC 7517) whose keys carry two members of our own: `purpose` (access, refresh, factors) and
`state` (active, verify, retired). The one active key of a purpose signs; active and verify keys verify; a retired
key does nothing, so every token it signed is dead.

Keys of the purpose `factors` sign nothing: they seal the secrets of authenticator apps (core/sealing.py). A ring
without one is whole; then there are no authenticator apps.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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


class KeyRing:
    """All keys of this application. Immutable: a rotation makes a new ring.

    Raises KeyRingError when a purpose has no active key or more than one (`factors` may have no key at all), when two
    keys share a `kid`, or when a key is weak or malformed.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self._by_kid = {key.kid: key for key in self.keys}
        if len(self._by_kid) != len(self.keys):
            raise KeyRingError("two keys have the same kid")
        self._refuse_shared_secrets()
        purposes = PURPOSES if any(key.purpose == FACTORS for key in self.keys) else SIGNING
        self._active = {purpose: self._only_active(purpose) for purpose in purposes}

    def _refuse_shared_secrets(self) -> None:
        # One purpose's tokens would verify as another's: only `typ` and `aud` would keep them apart (RFC 8725 3.11).
        owner: dict[bytes, Key] = {}
        for key in self.keys:
            if key.jwk.get("kty") == "oct" and owner.setdefault(key.secret, key).purpose != key.purpose:
                raise KeyRingError(f"keys {owner[key.secret].kid} and {key.kid} have the same secret")

    def _only_active(self, purpose: str) -> Key:
        active = [key for key in self.keys if key.purpose == purpose and key.state == ACTIVE]
        if len(active) != 1:
            raise KeyRingError(f"exactly one active {purpose} key is needed, found {len(active)}")
        return active[0]

    def active(self, purpose: str) -> Key:
        return self._active[purpose]

    @property
    def sealing_key(self) -> Key | None:
        """The key that seals the secrets of authenticator apps; None: there are no apps."""
        return self._active.get(FACTORS)

    def find(self, kid: str) -> Key | None:
        return self._by_kid.get(kid)

    def verifying(self, kid: str, purpose: str) -> Key | None:
        """The key `kid` if tokens of `purpose` may still be verified with it."""
        key = self._by_kid.get(kid)
        return key if key is not None and key.purpose == purpose and key.state != RETIRED else None

    @property
    def forms_secret(self) -> str:
        """What signs the forms' CSRF tokens: derived, hex, from the oldest refresh key that is not retired.

        The oldest, so that a rotation does not spoil the forms that are open at that moment.
        """
        oldest = next(key for key in self.keys if key.purpose == REFRESH and key.state != RETIRED)
        return hmac.new(oldest.secret, b"tokenroom forms", "sha256").hexdigest()

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The JWK set for other services: public members of the access keys that verify."""
        usable = (key for key in self.keys if key.purpose == ACCESS and key.state != RETIRED)
        return {"keys": [jwk for key in usable if (jwk := key.public_jwk()) is not None]}

    def without_needless(self, now: int, keep: int) -> KeyRing:
        """A ring without the keys that stopped signing more than `keep` seconds ago: no token of theirs can live.

        Sealing keys stay until they are retired: what they sealed lives for years.
        """
        return KeyRing(
            key
            for key in self.keys
            if key.superseded_at is None
            or now - key.superseded_at <= keep
            or (key.purpose == FACTORS and key.state != RETIRED)
        )

    def rotate(self, new: Key, now: int) -> KeyRing:
        """A ring in which `new` signs and the key it replaces only verifies."""
        kept = [
            replace(key, state=VERIFY, jwk={**key.jwk, "superseded_at": now})
            if key.purpose == new.purpose and key.state == ACTIVE
            else key
            for key in self.keys
        ]
        return KeyRing([*kept, new])

    def stage(self, new: Key) -> KeyRing:
        """A ring in which `new` verifies and does not sign yet: other hosts and services may learn of it first."""
        members = {name: value for name, value in new.jwk.items() if name != "active_since"}
        return KeyRing([*self.keys, replace(new, state=VERIFY, jwk=members)])

    def activate(self, kid: str, now: int) -> KeyRing:
        """A ring in which the key `kid`, which verifies already, signs. Raises KeyRingError if it cannot."""
        key = self.find(kid)
        if key is None:
            raise KeyRingError(f"there is no key {kid}")
        if key.state != VERIFY:
            raise KeyRingError(f"key {kid} is {key.state}; only a key that verifies can be activated")
        members = {name: value for name, value in key.jwk.items() if name != "superseded_at"}
        others = KeyRing(other for other in self.keys if other.kid != kid)
        return others.rotate(replace(key, state=ACTIVE, jwk={**members, "active_since": now}), now)

    def retire(self, kid: str) -> KeyRing:
        """A ring in which no token of key `kid` verifies. Raises KeyRingError if it is unknown or still signs."""
        key = self.find(kid)
        if key is None:
            raise KeyRingError(f"there is no key {kid}")
        if key.state == ACTIVE:
            raise KeyRingError(f"key {kid} is active; rotate first, then retire it")
        if key.state == RETIRED:
            raise KeyRingError(f"key {kid} is already retired")
        return KeyRing(replace(k, state=RETIRED) if k.kid == kid else k for k in self.keys)

    def to_json(self) -> str:
        return json.dumps({"keys": [key.to_jwk() for key in self.keys]}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> KeyRing:
        """Read a ring. Raises KeyRingError, whose text never shows key material."""
        try:
            document = json.loads(text)
            entries = document["keys"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise KeyRingError("not a JWK set: expected a JSON object with a list named keys") from None
        if not isinstance(entries, list):
            raise KeyRingError("not a JWK set: keys is not a list")
        return cls(_read_key(entry, number) for number, entry in enumerate(entries, start=1))


def generate(purpose: str, alg: str, now: int) -> Key:
    """A new active key for an algorithm of this purpose. RSA takes about a second."""
    return new_secret(purpose, now) if alg in _SYMMETRIC else new_key(purpose, alg, new_material(alg), now)


def new_ring(access_keys: Iterable[Key], now: int) -> KeyRing:
    """A first ring: the given active access key and a refresh key."""
    return KeyRing([*access_keys, new_secret(REFRESH, now)])


def new_secret(purpose: str, now: int) -> Key:
    """A new active symmetric key of 256 random bits: it signs with HS256, or seals where that is its purpose."""
    material = {"kty": "oct", "k": encode_base64url(secrets.token_bytes(SECRET_BYTES))}
    return new_key(purpose, SEALING_ALGORITHM if purpose == FACTORS else "HS256", material, now)


def new_key(purpose: str, alg: str, material: Mapping[str, Any], now: int) -> Key:
    """An active key around existing key material (the JWK members of its kind)."""
    kid = f"{purpose}-{secrets.token_hex(6)}"
    return Key(kid, alg, purpose, ACTIVE, {**material, "created_at": now, "active_since": now})


def _read_key(entry: object, number: int) -> Key:
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
