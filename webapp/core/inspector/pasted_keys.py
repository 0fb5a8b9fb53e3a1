"""Keys that somebody pastes into the inspector: a secret, a PEM or a JWK. Read, checked, used once, forgotten."""

from __future__ import annotations

import json
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.jws import key_of_jwk
from webapp.core.keys import SECRET_BYTES, new_secret

ALGORITHMS = ("HS256", "RS256", "PS256", "ES256", "EdDSA")

MAX_TEXT = 4096
"""Characters of a pasted key. A private RSA key of 4096 bits fits; larger ones cost seconds to check."""
RSA_BITS = 2048
MAX_RSA_BITS = 4096

Use = Literal["sign", "verify"]


class KeyProblem(Exception):
    """The key cannot be used; `code` is a stable word that the page turns into a sentence. Holds nothing of the key."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_key(text: str, alg: str, use: Use) -> Any:
    """The key in `text` for algorithm `alg`: bytes for HS256, else a key object of `cryptography`.

    Raises KeyProblem for whatever is not such a key. A private key serves for verifying too, as its public half.
    """
    text = text.strip()
    if not text:
        raise KeyProblem("empty")
    if len(text) > MAX_TEXT:
        raise KeyProblem("too_long")
    if text.startswith("{"):
        key = _of_jwk(text, alg)
    elif "-----BEGIN" in text:
        if alg == "HS256":
            # Whoever uses a public key as a shared secret lets everybody who knows it sign (RFC 8725 section 2.1).
            raise KeyProblem("public_as_secret")
        key = _of_pem(text.encode())
    elif alg == "HS256":
        return text.encode("utf-8", "surrogatepass")
    else:
        raise KeyProblem("neither")
    return key if isinstance(key, bytes) else _fitting(key, alg, use)


def _of_jwk(text: str, alg: str) -> Any:
    try:
        jwk = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyProblem("not_json") from None
    if isinstance(jwk.get("keys"), list):
        fitting = [key for key in jwk["keys"] if isinstance(key, dict) and key.get("alg", alg) == alg]
        if len(fitting) != 1:
            raise KeyProblem("many")
        jwk = fitting[0]
    kind = {"HS256": "oct", "RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}[alg]
    if jwk.get("kty") != kind:
        raise KeyProblem("other_kind")
    try:
        return decode_base64url(jwk["k"]) if kind == "oct" else key_of_jwk(jwk, alg)
    except Exception:  # noqa: BLE001 - whatever a hostile JWK provokes in a library, it is no usable key
        raise KeyProblem("malformed") from None


def _of_pem(pem: bytes) -> Any:
    if b"ENCRYPTED" in pem:
        raise KeyProblem("encrypted")
    try:
        if b"BEGIN CERTIFICATE" in pem:
            return x509.load_pem_x509_certificate(pem).public_key()
        if b"PRIVATE KEY" in pem:
            return serialization.load_pem_private_key(pem, password=None)
        return serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyProblem("malformed") from None


def _fitting(key: Any, alg: str, use: Use) -> Any:
    private = hasattr(key, "private_bytes")
    if use == "sign" and not private:
        raise KeyProblem("needs_private")
    public = key.public_key() if private else key
    kinds: dict[str, type] = {
        "RS256": rsa.RSAPublicKey,
        "PS256": rsa.RSAPublicKey,
        "ES256": ec.EllipticCurvePublicKey,
        "EdDSA": ed25519.Ed25519PublicKey,
    }
    if not isinstance(public, kinds[alg]):
        raise KeyProblem("other_kind")
    if isinstance(public, rsa.RSAPublicKey) and not 1024 <= public.key_size <= MAX_RSA_BITS:
        raise KeyProblem("rsa_size")
    if isinstance(public, ec.EllipticCurvePublicKey) and not isinstance(public.curve, ec.SECP256R1):
        raise KeyProblem("curve")
    return key if use == "sign" else public


def generate(alg: str, now: int) -> tuple[str, str | None]:
    """A new key for `alg` as text to paste: (secret or private PEM, public PEM or None for a secret)."""
    if alg == "HS256":
        return encode_base64url(new_secret("access", now).secret), None
    if alg in ("RS256", "PS256"):
        private: Any = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    elif alg == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode(), public.decode()


def is_short(text: str, alg: str) -> bool:
    """Is this a shared secret shorter than its hash (RFC 7518 section 3.2)?"""
    return alg == "HS256" and not text.startswith("{") and len(text.encode("utf-8", "surrogatepass")) < SECRET_BYTES
