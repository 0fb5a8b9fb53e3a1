"""Keys that are pasted into the inspector: read for one algorithm, checked, used once, forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from webapp.core.base64url import decode_base64url
from webapp.core.inspector.key_texts import MAX_TEXT, KeyProblem, Pasted, find_keys, secret_forms, trimmed
from webapp.core.jws import key_of_jwk
from webapp.core.key_form import MAX_RSA_BITS, PRIVATE, check_form

MIN_RSA_BITS = 1024
"""Old tokens are worth looking at too. Nothing here guards anything."""

HASH_BYTES = {"256": 32, "384": 48, "512": 64}
CURVES: dict[str, type[ec.EllipticCurve]] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
KTY = {"HS": "oct", "RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}

Use = Literal["sign", "verify"]


class Candidate(NamedTuple):
    """A key that may be meant."""

    key: Any
    """Bytes for HS…, else a key object of `cryptography`: private to sign, public to verify."""
    form: str
    """How the text was read: text, unquoted, hex, base64, base64url, or a form of `Pasted`."""
    kid: str | None = None
    is_short: bool = False
    """A shared secret of fewer bytes than its hash has (RFC 7518 section 3.2)."""


def read_keys(text: str, alg: str, use: Use) -> list[Candidate]:
    """The keys in `text` that fit the algorithm `alg` (one of `jws.SIGNATURES`), likeliest first; at least one.

    Raises KeyProblem. A private key serves for verifying too, as its public half.
    """
    if len(text) > MAX_TEXT:
        raise KeyProblem("too_long")
    text = trimmed(text)
    if not text:
        raise KeyProblem("empty")
    is_secret = alg.startswith("HS")
    if is_secret and not text.startswith(("{", "[")):
        return _secrets(text, alg)
    pasted = find_keys(text)
    if not pasted:
        raise KeyProblem("neither")
    fitting: list[Candidate] = []
    problems: list[KeyProblem] = []
    for key in pasted:
        try:
            fitting.append(_read(key, alg, use))
        except KeyProblem as problem:
            problems.append(problem)
    if not fitting:
        # Of many keys, the problem of the first would be about a key that was not meant.
        raise problems[0] if len({problem.code for problem in problems}) == 1 else KeyProblem("none_fits")
    return fitting


def _secrets(text: str, alg: str) -> list[Candidate]:
    if "-----BEGIN" in text or any(_is_public_key(key) for key in find_keys(text)):
        # A verifier that takes a public key for a shared secret lets everyone sign (RFC 8725 section 2.1).
        raise KeyProblem("public_as_secret")
    found: dict[bytes, str] = {}
    for form, raw in secret_forms(text):
        found.setdefault(raw, form)
    return [Candidate(raw, form, None, len(raw) < HASH_BYTES[alg[2:]]) for raw, form in found.items()]


def _is_public_key(key: Pasted) -> bool:
    try:
        return key.form == "ssh" or bool(_of_der(key))
    except KeyProblem:
        return False


def _read(pasted: Pasted, alg: str, use: Use) -> Candidate:
    if pasted.form == "jwk":
        return _of_jwk(pasted, alg, use)
    if alg.startswith("HS"):
        raise KeyProblem("public_as_secret")
    return Candidate(_fitting(_of_der(pasted), alg, use), pasted.form, pasted.kid)


def _of_jwk(pasted: Pasted, alg: str, use: Use) -> Candidate:
    # Padding and the other alphabet are against RFC 7518 and common.
    jwk = {name: _unpadded(value) for name, value in pasted.material.items()}
    kty = jwk.get("kty")
    if kty != KTY[alg[:2]]:
        raise KeyProblem("other_kind")
    if jwk.get("alg", alg) not in (alg, "Ed25519" if alg == "EdDSA" else alg):
        raise KeyProblem("other_alg")
    operations = jwk.get("key_ops", [use])
    wanted = {use, "sign"} if kty != "oct" else {use}  # the public half of a key that signs is there to verify
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or wanted.isdisjoint(map(str, operations)):
        raise KeyProblem("other_use")
    try:
        check_form(jwk)
    except ValueError:
        raise KeyProblem("malformed") from None
    private = PRIVATE[kty]
    try:
        if kty == "oct":
            secret = key_of_jwk(jwk, alg)
            return Candidate(secret, "jwk", pasted.kid, len(secret) < HASH_BYTES[alg[2:]])
        if use == "verify" or "d" not in jwk:
            key = key_of_jwk({name: value for name, value in jwk.items() if name not in private}, alg)
        elif kty == "RSA":
            key = _private_rsa(jwk)
        else:
            key = key_of_jwk(jwk, alg)
    except Exception:  # noqa: BLE001 - whatever a hostile JWK provokes in a library, it is no usable key
        raise KeyProblem("malformed") from None
    return Candidate(_fitting(key, alg, use), "jwk", pasted.kid)


def _unpadded(value: Any) -> Any:
    return value.rstrip("=").replace("+", "-").replace("/", "_") if isinstance(value, str) else value


def _private_rsa(jwk: Mapping[str, str]) -> rsa.RSAPrivateKey:
    n, e, d, p, q, dp, dq, qi = (
        int.from_bytes(decode_base64url(jwk[name])) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    )
    numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


_OTHER_KINDS = (
    b"\x2a\x86\x48\xce\x38\x04\x01",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01",
    b"\x2a\x86\x48\xce\x3e\x02\x01",
)
"""DSA and both kinds of Diffie-Hellman, as DER names them. Checking their parameters takes seconds."""


def _of_der(pasted: Pasted) -> Any:
    """The key object in DER or an ssh line. Its numbers are not checked here."""
    if pasted.form == "ssh":
        ways: Iterator[Any] = iter([serialization.load_ssh_public_key])
        material = pasted.material.encode()
    else:
        material = pasted.material
        if any(kind in material[:64] for kind in _OTHER_KINDS):
            raise KeyProblem("other_kind")
        ways = (way for form, way in _WAYS if pasted.form in (form, "base64"))
    for way in ways:
        try:
            return way(material)
        except Exception:  # noqa: BLE001, S112 - whatever hostile DER provokes in a library, it is no usable key
            continue
    raise KeyProblem("malformed")


_WAYS = (
    ("public", serialization.load_der_public_key),
    ("certificate", lambda der: x509.load_der_x509_certificate(der).public_key()),
    # The library's own check takes a second for 4096 bits. See `_is_sound`.
    ("private", lambda der: serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)),
)


def _fitting(key: Any, alg: str, use: Use) -> Any:
    private = hasattr(key, "private_bytes")
    public = key.public_key() if private else key
    kinds: dict[str, tuple[type, ...]] = {
        "RSA": (rsa.RSAPublicKey,),
        "EC": (ec.EllipticCurvePublicKey,),
        "OKP": (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey),
    }
    if not isinstance(public, kinds[KTY[alg[:2]]]):
        raise KeyProblem("other_kind")
    if isinstance(public, ec.EllipticCurvePublicKey) and not isinstance(public.curve, CURVES[alg]):
        raise KeyProblem("curve")
    if isinstance(public, rsa.RSAPublicKey) and not (
        MIN_RSA_BITS <= public.key_size <= MAX_RSA_BITS and public.public_numbers().e.bit_length() <= 32
    ):
        raise KeyProblem("rsa_size")
    if use == "verify":
        return public
    if not private:
        raise KeyProblem("needs_private")
    if isinstance(key, rsa.RSAPrivateKey) and not _is_sound(key.private_numbers()):
        raise KeyProblem("malformed")
    return key


def _is_sound(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Do the members of an RSA key belong together (RFC 8017 section 3.2)? Arithmetic alone, in microseconds.

    The primes are not tested to be prime, because the library needs up to a second for it. Without that test a
    signature may come out wrong, and so every signature made with a pasted key is verified before it is shown.
    """
    p, q, e = numbers.p, numbers.q, numbers.public_numbers.e
    return (
        min(p, q) > 2
        and p % 2 == q % 2 == 1
        and max(p, q).bit_length() * 2 <= MAX_RSA_BITS + 64
        and p * q == numbers.public_numbers.n
        and e * numbers.dmp1 % (p - 1) == e * numbers.dmq1 % (q - 1) == 1
        and (numbers.d - numbers.dmp1) % (p - 1) == (numbers.d - numbers.dmq1) % (q - 1) == 0
        and numbers.iqmp * q % p == 1
    )
