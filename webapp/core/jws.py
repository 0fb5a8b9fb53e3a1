"""A compact JWS (RFC 7515 section 3.1): taken apart, signed, checked. The only module that imports PyJWT.

PyJWT makes and checks the signatures. The texts around them are read here, more strictly than it would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jwt

from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.claims import Invalid, Refusal, demand_storable
from webapp.core.key_form import check_form
from webapp.core.lifetimes import MAX_TOKEN_LENGTH
from webapp.core.strict_json import NotStrictJson, RepeatedName, read_object

SIGNATURES = (
    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Algorithms that can be checked (RFC 7518 section 3.1, RFC 8037). Our own tokens use those of `keys.ALGORITHMS`."""

_ALGORITHMS = jwt.PyJWS(algorithms=list(SIGNATURES))
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""UTF-8 rather than \\uXXXX, because a name of 80 emoji must not push the token over its longest length."""


class Segments(NamedTuple):
    """The three parts of a token, as they were sent."""

    header: str
    payload: str
    signature: str


def verify(text: str, find_key: Callable[[str], tuple[Any, str]]) -> dict[str, Any]:
    """The payload of a compact JWS whose form and signature are right, and whose texts a database can keep.

    Its claims are not judged here.

    `find_key` gets the header segment and returns the key object and the key's one algorithm, or raises Invalid.
    Raises Invalid.
    """
    segments = split_token(text)
    key, alg = find_key(segments.header)
    raw = _decode(segments.payload)
    payload = _read_json(raw)
    if not signature_is_right(text, key, alg):
        raise Invalid(Refusal.WRONG_SIGNATURE)
    if b"\\u" in raw:  # only an escape can spell what no database keeps, and our own tokens hardly ever have one
        demand_storable(payload)
    return payload


def split_token(text: str) -> Segments:
    """The parts of a compact JWS, unread. Raises Invalid unless there are three, and few enough characters."""
    if len(text) > MAX_TOKEN_LENGTH:
        raise Invalid(Refusal.TOO_LONG)
    segments = text.split(".")
    if len(segments) != 3 or not all(segments):
        raise Invalid(Refusal.NOT_THREE_PARTS)
    return Segments(*segments)


def read_segment(segment: str) -> dict[str, Any]:
    """The JSON object in a header or payload. Raises Invalid unless it is canonical base64url of strict JSON."""
    return _read_json(_decode(segment))


def _decode(segment: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise Invalid(Refusal.NOT_BASE64URL) from None


def _read_json(raw: bytes) -> dict[str, Any]:
    try:
        return read_object(raw)
    except RepeatedName:
        raise Invalid(Refusal.REPEATED_NAME) from None
    except NotStrictJson:
        raise Invalid(Refusal.NOT_JSON) from None


def read_token(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a compact JWS, its signature unchecked. Raises Invalid like the two above."""
    segments = split_token(text)
    return read_segment(segments.header), read_segment(segments.payload)


def key_of_jwk(jwk: Mapping[str, Any], alg: str) -> Any:
    """The key object in a JWK (RFC 7517) for algorithm `alg`. Raises ValueError for a bad form, or PyJWT's errors."""
    check_form(jwk)
    return jwt.PyJWK.from_dict(dict(jwk), algorithm=alg).key


def jwk_of_key(key: Any, alg: str) -> dict[str, Any]:
    """The members of a key object of `cryptography` as a JWK; of a private key with the private ones."""
    algorithm: Any = _ALGORITHMS.get_algorithm_by_name(alg)
    return {name: value for name, value in algorithm.to_jwk(key, as_dict=True).items() if name != "key_ops"}


def signature_is_right(text: str, key: Any, alg: str) -> bool:
    """Whether this compact JWS was signed with `key` (bytes, or a public key object). Never raises."""
    signed, _, signature = text.rpartition(".")
    try:
        return bool(_ALGORITHMS.get_algorithm_by_name(alg).verify(signed.encode(), key, decode_base64url(signature)))
    except Exception:  # noqa: BLE001 - a signature that makes a library stumble is not right
        return False


def write_segment(part: Mapping[str, Any]) -> str:
    """A JSON object, exactly as given, as the header or payload of a token."""
    return encode_base64url(_COMPACT.encode(part).encode("utf-8", "backslashreplace"))


def sign_segments(header: str, payload: str, key: Any, alg: str) -> str:
    """The compact JWS of two segments, signed with `key` (bytes or a private key object)."""
    signed = f"{header}.{payload}"
    return f"{signed}.{encode_base64url(_ALGORITHMS.get_algorithm_by_name(alg).sign(signed.encode(), key))}"


def sign_with(header: Mapping[str, Any], payload: Mapping[str, Any], key: Any, alg: str) -> str:
    """A compact JWS of these two JSON objects, exactly as given, signed with `key` (bytes or a private key object)."""
    return sign_segments(write_segment(header), write_segment(payload), key, alg)
