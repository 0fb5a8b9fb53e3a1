"""The key ring: which key signs, which keys verify.

A ring is a JWK set (RFC 7517) of keys as core/keys.py has them. The one active key of a purpose signs; active and
verify keys verify; a retired key does nothing, so every token it signed is dead. A ring without a key of the purpose
`factors` is whole; then there are no authenticator apps.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from webapp.core.errors import KeyRingError
from webapp.core.keys import (
    ACCESS,
    ACTIVE,
    FACTORS,
    PURPOSES,
    REFRESH,
    RETIRED,
    SIGNING,
    VERIFY,
    Key,
    new_secret,
    read_key,
)


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
        # One purpose's tokens would verify as another's, and only `typ` and `aud` would keep them apart (RFC 8725
        # 3.11).
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
        """A ring without the keys that stopped signing more than `keep` seconds ago, because no token of theirs can
        live.

        Sealing keys stay until they are retired, because their sealed texts live for years.
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
        """A ring in which `new` verifies and does not sign yet, so other hosts and services may learn of it first."""
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
        return cls(read_key(entry, number) for number, entry in enumerate(entries, start=1))


def new_ring(access_keys: Iterable[Key], now: int) -> KeyRing:
    """A first ring: the given active access key and a refresh key."""
    return KeyRing([*access_keys, new_secret(REFRESH, now)])
