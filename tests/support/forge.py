"""Make tokens that nobody should believe: hand-built, byte by byte, without the application's own mint."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from tests.support.browser import read_parts
from tests.support.rows import session_row
from webapp.core.key_ring import KeyRing
from webapp.core.keys import encode_base64url, new_secret
from webapp.core.lifetimes import Lifetimes
from webapp.core.tokens import Tokens

ISSUER = "http://127.0.0.1:8000"
PREFERENCES = f"{ISSUER}/claims/preferences"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(raw: bytes | str) -> str:
    return encode_base64url(raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw)


def signed(header: Any, payload: Any, secret: bytes, digest: str = "sha256") -> str:
    """Sign whatever it is: dictionaries become JSON, text and bytes are taken as they are."""
    first, second = (b64(json.dumps(part) if isinstance(part, dict) else part) for part in (header, payload))
    return sign_text(f"{first}.{second}", secret, digest)


def sign_text(signing_input: str, secret: bytes, digest: str = "sha256") -> str:
    mac = hmac.new(secret, signing_input.encode("utf-8", "surrogatepass"), getattr(hashlib, digest)).digest()
    return f"{signing_input}.{b64(mac)}"


class Forger:
    """Knows one good token of each kind and, for tokens that are right but for one thing, the keys."""

    def __init__(self, ring: KeyRing, issuer: str, access: str, refresh: str) -> None:
        self.ring, self.issuer = ring, issuer
        self.good = {"access": access, "refresh": refresh}

    @classmethod
    def invented(cls) -> Forger:
        """With keys and a session of its own, some of whose keys are retired or only verify."""
        ring = KeyRing([new_secret("access", 1), new_secret("refresh", 1)])
        for purpose in ("access", "refresh"):
            gone = ring.active(purpose).kid
            ring = ring.rotate(new_secret(purpose, 2), 2).retire(gone)
            ring = ring.rotate(new_secret(purpose, 3), 3)
        tokens = Tokens(ring, ISSUER, Lifetimes())
        row = session_row()
        return cls(
            ring,
            ISSUER,
            tokens.mint_access(row, gen=3, now=row.auth_time, auth_time=row.auth_time),
            tokens.mint_refresh(row),
        )

    def secret(self, purpose: str) -> bytes:
        return self.ring.active(purpose).secret

    def parts(self, purpose: str) -> tuple[dict[str, Any], dict[str, Any]]:
        return read_parts(self.good[purpose])

    def claims(self, purpose: str, **changed: Any) -> str:
        """The good token with some claims changed and signed with the true key. `...` removes a claim."""
        header, payload = self.parts(purpose)
        payload |= changed
        return signed(header, {n: v for n, v in payload.items() if v is not ...}, self.secret(purpose))

    def header(self, purpose: str, **changed: Any) -> str:
        header, payload = self.parts(purpose)
        header |= changed
        return signed({n: v for n, v in header.items() if v is not ...}, payload, self.secret(purpose))

    def raw(self, purpose: str, header: Any = None, payload: Any = None) -> str:
        """The good token with its header or payload replaced by this very text, signed with the true key."""
        true_header, true_payload = self.parts(purpose)
        return signed(
            true_header if header is None else header,
            true_payload if payload is None else payload,
            self.secret(purpose),
        )
