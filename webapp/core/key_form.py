"""The form of a key from outside, looked at before any library sees it.

A library that is handed numbers of any size, or a private exponent without its primes, computes for seconds or for
ever. It holds the interpreter's lock and so stops every thread of the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.core.base64url import decode_base64url

MAX_RSA_BITS = 4096
_MODULUS = MAX_RSA_BITS // 8

PUBLIC = {
    "oct": {},
    "RSA": {"n": _MODULUS, "e": 4},
    "EC": {"x": 66, "y": 66},
    "OKP": {"x": 57},
}
"""kty -> its public members and the most bytes each may have (P-521 and Ed448 are the largest curves)."""

PRIVATE = {
    "oct": {"k": 1024},
    "RSA": {"d": _MODULUS, "p": 256, "q": 256, "dp": 256, "dq": 256, "qi": 256},
    "EC": {"d": 66},
    "OKP": {"d": 57},
}


def check_form(jwk: Mapping[str, Any]) -> None:
    """Raise ValueError unless the members of this JWK (RFC 7517) are there, are base64url and of sensible length.

    Private members are there all or not at all (RFC 7518 section 6.3.2 lets a `d` stand alone; then the primes would
    have to be searched for). The message contains no key material.
    """
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in PUBLIC:
        raise ValueError("its kty is unknown")
    private = PRIVATE[kty]
    has_private = kty == "oct" or not private.keys().isdisjoint(jwk)
    raw = {}
    for name, most in (PUBLIC[kty] | (private if has_private else {})).items():
        text = jwk.get(name)
        if text is None:
            raise ValueError(f"member {name} is missing")
        if not isinstance(text, str) or not text:
            raise ValueError(f"member {name} is not base64url")
        if len(text) > (most * 4 + 2) // 3:
            raise ValueError(f"member {name} is longer than {most} bytes")
        try:
            raw[name] = decode_base64url(text)
        except ValueError:
            raise ValueError(f"member {name} is not base64url") from None
    if kty == "RSA" and has_private:
        n, p, q = (int.from_bytes(raw[name]) for name in ("n", "p", "q"))
        if p * q != n:
            raise ValueError("its private and public members do not belong together")
