"""The material of asymmetric keys as JWK members (RFC 7518 section 6, RFC 8037): made here, and checked here.

Whoever edits a key ring by hand can put two halves together that do not belong to each other. Such a key would sign
tokens that nobody can verify, and everybody would be logged out; so a ring with such a key is not taken into use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from webapp.core.base64url import decode_base64url, encode_base64url

MIN_RSA_BITS = 3072
"""128 bits of security, to last beyond 2030 (NIST SP 800-57 part 1, table 2)."""

KINDS = {
    "EdDSA": ("OKP", ("x",), ("d",)),
    "ES256": ("EC", ("x", "y"), ("d",)),
    "PS256": ("RSA", ("n", "e"), ("d", "p", "q", "dp", "dq", "qi")),
    "RS256": ("RSA", ("n", "e"), ("d", "p", "q", "dp", "dq", "qi")),
}
"""Algorithm -> kty, its public members, its private ones."""

CURVES = {"EdDSA": "Ed25519", "ES256": "P-256"}
P256_BYTES = 32
UNRELATED = "its private and public members do not belong together"
PUBLIC_EXPONENT = 65537


def new_material(alg: str) -> dict[str, Any]:
    """New key material for an asymmetric `alg`, private members included. RSA takes about a second."""
    return _MATERIAL[alg]()


def weakness(alg: str, jwk: Mapping[str, Any], *, signs: bool) -> str | None:
    """What keeps this JWK from being used with the asymmetric `alg`, in words that show none of it; None if nothing.

    `signs`: the private members must be there. Wherever they are, they must belong to the public ones.
    """
    kty, public, private = KINDS[alg]
    if jwk.get("kty") != kty:
        return f"its kty does not match {alg}"
    if jwk.get("crv") != CURVES.get(alg):
        return f"its curve does not match {alg}"
    has_private = "d" in jwk
    if signs and not has_private:
        return "it is active, but its private members are missing"
    try:
        raw = {name: decode_base64url(jwk[name]) for name in public + (private if has_private else ())}
        return _problem_with(alg, raw, has_private)
    except KeyError as missing:
        return f"member {missing.args[0]} is missing"
    except Exception:  # noqa: BLE001 - a library's words about broken key material may show some of it
        return f"its members do not form a valid {alg} key"


def _problem_with(alg: str, raw: Mapping[str, bytes], has_private: bool) -> str | None:
    """Raises whatever the library raises on members that are no key."""
    if alg == "EdDSA":
        ed25519.Ed25519PublicKey.from_public_bytes(raw["x"])
        derived = ed25519.Ed25519PrivateKey.from_private_bytes(raw["d"]).public_key() if has_private else None
        return UNRELATED if derived and derived.public_bytes_raw() != raw["x"] else None
    numbers = {name: int.from_bytes(value) for name, value in raw.items()}
    if alg == "ES256":
        point = ec.EllipticCurvePublicNumbers(numbers["x"], numbers["y"], ec.SECP256R1())
        point.public_key()
        if has_private and ec.derive_private_key(numbers["d"], ec.SECP256R1()).public_key().public_numbers() != point:
            return UNRELATED
        return None
    if numbers["n"].bit_length() < MIN_RSA_BITS:
        return f"an RSA modulus must have at least {MIN_RSA_BITS} bits"
    public = rsa.RSAPublicNumbers(numbers["e"], numbers["n"])
    public.public_key()
    if has_private:
        n = numbers
        rsa.RSAPrivateNumbers(n["p"], n["q"], n["d"], n["dp"], n["dq"], n["qi"], public).private_key()
    return None


def _ed25519() -> dict[str, Any]:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(public), "d": encode_base64url(private)}


def _p256() -> dict[str, Any]:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    members = {"x": point.x, "y": point.y, "d": numbers.private_value}
    # Full length, leading zeros included (RFC 7518 section 6.2.1.2).
    return {"kty": "EC", "crv": "P-256"} | {
        name: encode_base64url(value.to_bytes(P256_BYTES)) for name, value in members.items()
    }


def _rsa() -> dict[str, Any]:
    numbers = rsa.generate_private_key(PUBLIC_EXPONENT, MIN_RSA_BITS).private_numbers()
    public = numbers.public_numbers
    members = {
        "n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q,
        "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp,
    }  # fmt: skip
    return {"kty": "RSA"} | {name: encode_base64url(_shortest(value)) for name, value in members.items()}


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


_MATERIAL = {"EdDSA": _ed25519, "ES256": _p256, "PS256": _rsa, "RS256": _rsa}
