"""Check and make signatures with a pasted key, and make such keys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from webapp.core.base64url import encode_base64url
from webapp.core.inspector.key_texts import KeyProblem
from webapp.core.inspector.pasted_keys import CURVES, HASH_BYTES, Candidate, read_keys
from webapp.core.jws import sign_with, signature_is_right

RSA_BITS = 2048


class Checked(NamedTuple):
    """What came of checking a signature with the pasted keys."""

    signer: Candidate | None
    """The key that made it."""
    tried: list[Candidate]
    named: bool
    """Is one of the keys tried the one whose `kid` the token names, or is there no way to tell?"""


def check_signature(token: str, alg: str, key_text: str, kid: object) -> Checked:
    """Which of the keys in `key_text` signed this compact JWS? `kid`: the key that its header names.

    Raises KeyProblem if there is no key to check it with. That says nothing about the token.
    """
    keys = read_keys(key_text, alg, "verify")
    named = [key for key in keys if kid is not None and key.kid == kid]
    tried = named or keys
    unpadded = ".".join(part.rstrip("=") for part in token.split("."))
    for key in tried:
        if any(signature_is_right(text, key.key, alg) for text in {token, unpadded}):
            return Checked(key, tried, True)
    other_kid = kid is not None and any(key.kid is not None for key in keys)
    return Checked(None, tried, bool(named) or (len(keys) == 1 and not other_kid) or alg.startswith("HS"))


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key_text: str, *, like: str = "") -> str:
    """A compact JWS of these two objects; `header["alg"]` is one of `jws.SIGNATURES`. Raises KeyProblem.

    `like`: a token made with the same key before. It tells whether a secret is meant as text, hex or base64.
    """
    alg = header["alg"]
    keys = read_keys(key_text, alg, "sign")
    key = next((key for key in keys if len(keys) > 1 and signature_is_right(like, key.key, alg)), keys[0]).key
    try:
        token = sign_with(header, claims, key, alg)
    except (ValueError, TypeError):
        raise KeyProblem("malformed") from None
    if not signature_is_right(token, key if isinstance(key, bytes) else key.public_key(), alg):
        raise KeyProblem("malformed")
    return token


def generate(alg: str) -> tuple[str, str | None]:
    """A new key for `alg` as text to paste: (secret or private PEM, public PEM or None for a secret)."""
    if alg.startswith("HS"):
        return encode_base64url(secrets.token_bytes(HASH_BYTES[alg[2:]])), None
    private: Any
    if alg in CURVES:
        private = ec.generate_private_key(CURVES[alg]())
    elif alg == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode(), public.decode()
