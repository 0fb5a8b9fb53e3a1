"""The material of asymmetric keys as JWK members (RFC 7518 section 6, RFC 8037): made here, and checked here.

A key ring edited by hand may pair a private key with the wrong public key. Such a key would sign tokens that nobody
can verify, and every user would be logged out. So a ring with such a key is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from webapp.core.jws import jwk_of_key, key_of_jwk
from webapp.core.key_form import PRIVATE, check_form

MIN_RSA_BITS = 3072
"""128 bits of security, to last beyond 2030 (NIST SP 800-57 part 1, table 2)."""
PUBLIC_EXPONENT = 65537

KINDS = {"EdDSA": ("OKP", "Ed25519"), "ES256": ("EC", "P-256"), "PS256": ("RSA", None), "RS256": ("RSA", None)}
"""Algorithm -> kty and curve."""


def new_material(alg: str) -> dict[str, Any]:
    """New key material for an asymmetric `alg`, private members included. RSA takes about a second."""
    match KINDS[alg][0]:
        case "OKP":
            return jwk_of_key(ed25519.Ed25519PrivateKey.generate(), alg)
        case "EC":
            return jwk_of_key(ec.generate_private_key(ec.SECP256R1()), alg)
        case _:
            return jwk_of_key(rsa.generate_private_key(PUBLIC_EXPONENT, MIN_RSA_BITS), alg)


def problem_with_jwk(alg: str, jwk: Mapping[str, Any], *, signs: bool) -> str | None:
    """Why this JWK cannot be used with the asymmetric `alg`; None if it can. The text contains no key material.

    `signs`: the private members must be there. Wherever they are, they must belong to the public ones.
    """
    if (jwk.get("kty"), jwk.get("crv")) != KINDS[alg]:
        return f"its kty or curve does not match {alg}"
    private = PRIVATE[KINDS[alg][0]]
    if signs and "d" not in jwk:
        return "it is active, but its private members are missing"
    try:
        check_form(jwk)
    except ValueError as problem:
        return str(problem)
    try:
        public = key_of_jwk({name: value for name, value in jwk.items() if name not in private}, alg)
        belongs = "d" not in jwk or key_of_jwk(jwk, alg).public_key() == public
    except Exception:  # noqa: BLE001 - a library's words about broken key material may show some of it
        return f"its members do not form a valid {alg} key"
    if not belongs:
        return "its private and public members do not belong together"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < MIN_RSA_BITS:
        return f"an RSA modulus must have at least {MIN_RSA_BITS} bits"
    return None
