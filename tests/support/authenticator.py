"""A passkey in software: P-256, no attestation. Every part of its answers can be bent, for attacks."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from webapp.core.base64url import encode_base64url

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, WITH_CREDENTIAL = 0x01, 0x04, 0x08, 0x10, 0x40


class Authenticator:
    """One passkey on one device."""

    def __init__(self, rp_id: str = "localhost", origin: str = "http://localhost:8000") -> None:
        self.rp_id, self.origin = rp_id, origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.user_handle = b""
        self.count = 0

    @property
    def id(self) -> str:
        return encode_base64url(self.credential_id)

    def create(self, options: str, **bent: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.create()`; see `_client` and `_data` for what can be bent."""
        wanted = json.loads(options)
        self.user_handle = _decode(wanted["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + encode_cbor(public)
        flags = bent.pop("flags", PRESENT | VERIFIED) | WITH_CREDENTIAL
        data = self._data(flags, **{name: bent.pop(name) for name in ("rp_id",) if name in bent}) + credential
        client = self._client("webauthn.create", wanted["challenge"], **bent)
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=encode_base64url(client),
            attestationObject=encode_base64url(attestation),
            transports=["internal", "a word of no standard"],
        )

    def get(
        self, options: str, *, flags: int = PRESENT | VERIFIED, count: int | None = None, **bent: Any
    ) -> dict[str, Any]:
        """Answer `navigator.credentials.get()`. `handle`: the userHandle, None for none at all."""
        self.count = self.count + 1 if count is None else count
        handle = bent.pop("handle", self.user_handle)
        key = bent.pop("key", self.key)
        rp_id = bent.pop("rp_id", self.rp_id)
        data = self._data(flags, rp_id=rp_id)
        client = self._client(bent.pop("type", "webauthn.get"), json.loads(options)["challenge"], **bent)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encode_base64url(client),
            "authenticatorData": encode_base64url(data),
            "signature": encode_base64url(signature),
        }
        if handle is not None:
            response["userHandle"] = encode_base64url(handle)
        return self._answer(**response)

    def _client(self, kind: str, asked: str, *, origin: str | None = None, **more: Any) -> bytes:
        told = {"type": kind, "challenge": asked, "origin": origin or self.origin, "crossOrigin": False, **more}
        return json.dumps(told).encode()

    def _data(self, flags: int, rp_id: str | None = None) -> bytes:
        return hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, **response: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _decode(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
