"""Keys as people have them in hand: every usual form is read, and every refusal names its true reason."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.base64url import encode_base64url
from webapp.core.inspector.key_texts import KeyProblem
from webapp.core.inspector.pasted_keys import read_keys
from webapp.core.inspector.signatures import check_signature, generate, sign
from webapp.core.jws import SIGNATURES, jwk_of_key, sign_with
from webapp.core.lifetimes import DAY

SECRET = b"a secret of at least sixty-four bytes, long enough for HS512 as well"
ENCODING, FORMAT = serialization.Encoding, serialization.PrivateFormat
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@cache
def pair(alg: str) -> tuple[str, str]:
    private, public = generate(alg)
    return private, public or private


def key_object(alg: str) -> Any:
    return serialization.load_pem_private_key(pair(alg)[0].encode(), None)


def token(alg: str, key: Any = None, **header: Any) -> str:
    return sign_with({"alg": alg} | header, {"sub": "me"}, key or key_object(alg), alg)


def right(text: str, key_text: str, alg: str, kid: object = None) -> str | None:
    """The form of the key that fits; None if none does."""
    signer = check_signature(text, alg, key_text, kid).signer
    return signer.form if signer else None


def certificate(alg: str) -> str:
    import datetime

    key, name = key_object(alg), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "demo")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 7, begin, begin + datetime.timedelta(seconds=DAY))
    return built.sign(key, hashes.SHA256()).public_bytes(ENCODING.PEM).decode()


@pytest.mark.parametrize("alg", SIGNATURES)
def test_a_generated_key_signs_and_its_public_half_checks(alg: str) -> None:
    """Each algorithm, both ways; a changed byte of signature or payload is noticed."""
    private, public = pair(alg)
    text = sign({"alg": alg}, {"sub": "me"}, private)
    for key in (private, public):
        assert right(text, key, alg)
    head, body, signature = text.split(".")
    other = "A" if signature[3] != "A" else "B"
    assert right(f"{head}.{body}.{signature[:3]}{other}{signature[4:]}", private, alg) is None
    assert right(f"{head}.e30.{signature}", private, alg) is None
    if public != private:
        with pytest.raises(KeyProblem, match="needs_private"):
            sign({"alg": alg}, {}, public)


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize(
    ("form", "write"),
    [
        ("text", lambda raw: raw.decode()),
        ("unquoted", lambda raw: f'"{raw.decode()}"'),
        ("unquoted", lambda raw: f"JWT_SECRET={raw.decode()}"),
        ("unquoted", lambda raw: f"export JWT_SECRET='{raw.decode()}'"),
        ("hex", lambda raw: raw.hex()),
        ("hex", lambda raw: raw.hex().upper()),
        ("hex", lambda raw: raw.hex(":")),
        ("base64", lambda raw: b64encode(raw).decode()),
        ("base64", lambda raw: "\u200b" + b64encode(raw).decode().rstrip("=") + "\n"),
        ("base64", lambda raw: f"SECRET: {b64encode(raw).decode()}"),
        ("base64url", lambda raw: urlsafe_b64encode(raw).decode()),
        ("jwk", lambda raw: json.dumps({"kty": "oct", "k": encode_base64url(raw)})),
        ("jwk", lambda raw: json.dumps({"kty": "oct", "k": urlsafe_b64encode(raw).decode()})),
    ],
)
def test_a_secret_in_any_spelling_and_which_one_fitted(alg: str, form: str, write: Any) -> None:
    """jjwt and Spring show secrets in base64, other tools in hex: each is tried, and the page can say which."""
    raw = b"\xfb\xff" + SECRET if form == "base64url" else SECRET
    assert right(token(alg, raw), write(raw), alg) == form


def test_a_secret_that_reads_as_hex_and_base64_is_taken_as_it_was_used() -> None:
    """An ambiguous secret is read in the form that verifies the token."""
    text = "deadbeef" * 8
    for raw, form in ((text.encode(), "text"), (bytes.fromhex(text), "hex")):
        assert right(token("HS256", raw), text, "HS256") == form


def test_building_uses_the_secret_as_the_token_before_did() -> None:
    """After a token was checked with a base64 secret, the next one is signed with the same bytes."""
    before = token("HS256", SECRET)
    again = sign({"alg": "HS256"}, {"n": 2}, b64encode(SECRET).decode(), like=before)
    assert right(again, SECRET.decode(), "HS256") == "text"
    assert right(sign({"alg": "HS256"}, {}, SECRET.decode()), SECRET.decode(), "HS256") == "text"


WAYS_OF_PEM = {
    "as it is": lambda pem: pem,
    "line ends of Windows": lambda pem: pem.replace("\n", "\r\n"),
    "line ends in two characters": lambda pem: pem.replace("\n", "\\n"),
    "in an env file": lambda pem: 'PUBLIC_KEY="' + pem.strip().replace("\n", "\\n") + '"',
    "in a JSON text": json.dumps,
    "spaces for line ends": lambda pem: pem.replace("\n", " "),
    "indented": lambda pem: "".join(f"    {line}\n" for line in pem.splitlines()),
    "as a literal in code": lambda pem: " +\n".join(json.dumps(line + "\n") for line in pem.splitlines()),
    "its base64 alone": lambda pem: "".join(pem.strip().splitlines()[1:-1]),
    "base64 of the whole": lambda pem: b64encode(pem.encode()).decode(),
    "with a byte order mark": lambda pem: "\ufeff" + pem,
}


@pytest.mark.parametrize("alg", ["RS256", "ES384", "EdDSA"])
@pytest.mark.parametrize("way", WAYS_OF_PEM)
def test_a_key_as_it_was_copied(alg: str, way: str) -> None:
    """JSON, env files, consoles and code change a PEM's shape; both halves are read all the same."""
    for half in pair(alg):
        assert right(token(alg), WAYS_OF_PEM[way](half), alg)


def test_other_shapes_of_one_key() -> None:
    """PKCS#1, SEC1, an ssh line, a certificate, certificates by kid, a service account's file."""
    key = key_object("RS256")
    pkcs1 = key.private_bytes(ENCODING.PEM, FORMAT.TraditionalOpenSSL, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(ENCODING.PEM, serialization.PublicFormat.PKCS1).decode()
    ssh = key.public_key().public_bytes(ENCODING.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    by_kid = json.dumps({"other": certificate("PS256"), "mine": certificate("RS256")})
    account = json.dumps({"type": "service_account", "private_key_id": "x", "private_key": pkcs1})
    text = token("RS256", kid="mine")
    for shape in (pkcs1, public, ssh, f"{ssh} me@host", certificate("RS256"), by_kid, account):
        assert right(text, shape, "RS256", "mine")
    assert right(token("RS256"), by_kid, "RS256")
    sec1 = key_object("ES256").private_bytes(ENCODING.PEM, FORMAT.TraditionalOpenSSL, serialization.NoEncryption())
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert right(token("ES256"), parameters + sec1.decode(), "ES256")


def test_ed448() -> None:
    """An Ed448 public key verifies an EdDSA token."""
    key = ed448.Ed448PrivateKey.generate()
    public = key.public_key().public_bytes(ENCODING.PEM, SPKI).decode()
    assert right(token("EdDSA", key), public, "EdDSA") == "public"


def public_jwk(made_for: str, **members: Any) -> dict[str, Any]:
    return jwk_of_key(key_object(made_for).public_key(), made_for) | members


def test_the_key_of_a_set_that_the_token_names() -> None:
    """Two RS256 keys as identity providers publish them: the one with the token's kid is used, and no other."""
    wanted = public_jwk("RS256", kid="b", alg="RS256", use="sig")
    keys = [public_jwk("PS256", kid="a", alg="RS256", use="sig"), wanted]
    text = token("RS256", kid="b")
    for shape in ({"keys": keys}, keys, {"keys": [{**key, "x5c": ["A" * 2000]} for key in keys]}):
        assert check_signature(text, "RS256", json.dumps(shape), "b").signer is not None
        assert len(check_signature(text, "RS256", json.dumps(shape), "b").tried) == 1


def test_without_a_kid_all_that_fit_are_tried() -> None:
    """Two keys without alg, one for encryption, one of another kind."""
    keys = [
        public_jwk("RS256", use="enc"),
        public_jwk("PS256"),
        public_jwk("ES256"),
        public_jwk("RS256"),
    ]
    found = check_signature(token("RS256"), "RS256", json.dumps({"keys": keys}), None)
    assert found.signer is not None
    assert len(found.tried) == 2


def test_no_verdict_on_the_token_where_the_key_is_in_doubt() -> None:
    """A set without the kid that the token names says nothing about the token; the key it names does."""
    keys = json.dumps({"keys": [public_jwk("PS256", kid="a"), public_jwk("PS256", kid="b")]})
    assert not check_signature(token("RS256", kid="c"), "RS256", keys, "c").named
    assert not check_signature(token("RS256"), "RS256", keys, None).named
    assert check_signature(token("RS256", kid="a"), "RS256", keys, "a").named
    one = json.dumps(public_jwk("PS256", kid="a"))
    assert not check_signature(token("RS256", kid="c"), "RS256", one, "c").named


def dsa_pem() -> str:
    numbers = dsa.DSAParameterNumbers((1 << 1023) + 1, (1 << 159) + 1, 2)
    try:
        key = dsa.DSAPublicNumbers(4, numbers).public_key()
        return key.public_bytes(ENCODING.PEM, SPKI).decode()
    except ValueError:
        return "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----"


OWN = json.dumps(jwk_of_key(ec.generate_private_key(ec.SECP256R1()), "ES256"))


@pytest.mark.parametrize(
    ("text", "alg", "code"),
    [
        ("", "HS256", "empty"),
        (" \u200b\ufeff", "HS256", "empty"),
        ("x" * 40_000, "HS256", "too_long"),
        ("{", "HS256", "not_json"),
        ('{"keys":[]}', "HS256", "no_key_inside"),
        ('{"keys":[1,2]}', "HS256", "no_key_inside"),
        ("[]", "RS256", "no_key_inside"),
        ('{"a":"b"}', "RS256", "no_key_inside"),
        ('{"kty":"RSA"}', "HS256", "other_kind"),
        ('{"kty":"oct"}', "HS256", "malformed"),
        ('{"kty":"oct","k":7}', "HS256", "malformed"),
        ('{"kty":"RSA","n":"AA","e":"AA"}', "RS256", "malformed"),
        ('{"kty":"RSA","n":"AA","e":"AA","d":"AA"}', "RS256", "malformed"),
        ('{"kty":"EC"}', "ES256", "malformed"),
        ("secret", "RS256", "neither"),
        ("-----BEGIN PUBLIC KEY-----", "HS256", "public_as_secret"),
        ("-----BEGIN PUBLIC KEY-----", "RS256", "malformed"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "EdDSA", "malformed"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "ES256", "malformed"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "ES256", "encrypted"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "EdDSA", "openssh"),
        (dsa_pem(), "RS256", "other_kind"),
        (OWN.replace('"kty"', '"alg": "ES384", "kty"'), "ES256", "other_alg"),
        (OWN.replace('"kty"', '"use": "enc", "kty"'), "ES256", "other_use"),
        (OWN.replace('"kty"', '"key_ops": ["deriveKey"], "kty"'), "ES256", "other_use"),
        (OWN, "ES384", "curve"),
        ('{"kty":"oct","k":"AAAA","key_ops":["sign"]}', "HS256", "other_use"),
        ('{"kty":"oct","k":"AAAA","alg":"HS512"}', "HS256", "other_alg"),
    ],
)
def test_why_a_key_is_refused(text: str, alg: str, code: str) -> None:
    """The reason is that of the key, never a guess about the token. A JWK's own alg, use and key_ops are obeyed."""
    with pytest.raises(KeyProblem, match=f"^{code}$"):
        read_keys(text, alg, "verify")


def test_a_public_key_in_bare_base64_is_no_secret() -> None:
    """A public key without its PEM lines is refused as an HMAC secret."""
    with pytest.raises(KeyProblem, match="public_as_secret"):
        read_keys("".join(pair("RS256")[1].strip().splitlines()[1:-1]), "HS256", "verify")


def test_a_key_that_only_verifies_signs_nothing() -> None:
    """A JWK whose key_ops allow verifying only is refused for signing."""
    jwk = json.dumps({"kty": "oct", "k": encode_base64url(SECRET), "key_ops": ["verify"]})
    assert read_keys(jwk, "HS256", "verify")
    with pytest.raises(KeyProblem, match="other_use"):
        read_keys(jwk, "HS256", "sign")


def test_a_private_key_whose_halves_do_not_belong_together_signs_nothing() -> None:
    """Each member of an RSA key changed by itself."""
    jwk = jwk_of_key(key_object("RS256"), "RS256")
    other = jwk_of_key(key_object("PS256"), "PS256")
    assert sign({"alg": "RS256"}, {}, json.dumps(jwk))
    for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi"):
        changed = "AQAC" if name == "e" else other[name]
        with pytest.raises(KeyProblem, match="malformed"):
            sign({"alg": "RS256"}, {}, json.dumps(jwk | {name: changed}))


def test_sizes_of_rsa_keys() -> None:
    """A small RSA key verifies, and signs nothing that its numbers are too small for."""
    small = rsa.generate_private_key(65537, 1024)
    text = token("RS256", small)
    assert right(text, small.public_key().public_bytes(ENCODING.PEM, SPKI).decode(), "RS256")
    private = small.private_bytes(ENCODING.PEM, FORMAT.PKCS8, serialization.NoEncryption()).decode()
    with pytest.raises(KeyProblem, match="malformed"):  # too small for PS512's own numbers
        sign({"alg": "PS512"}, {}, private)


@pytest.mark.parametrize(
    ("alg", "size", "short"),
    [("HS256", 31, True), ("HS256", 32, False), ("HS384", 47, True), ("HS512", 63, True), ("HS512", 64, False)],
)
def test_short_secrets_are_told(alg: str, size: int, *, short: bool) -> None:
    """As text and as an `oct` key: fewer bytes than the hash has (RFC 7518 section 3.2)."""
    for text in ("~" * size, json.dumps({"kty": "oct", "k": encode_base64url(b"~" * size)})):
        assert read_keys(text, alg, "verify")[0].is_short is short


@given(
    st.text(max_size=200),
    st.sampled_from(SIGNATURES),
    st.sampled_from(["", "-----BEGIN PUBLIC KEY-----\n", "{", '{"kty":"RSA","n":"', "[", "ssh-rsa ", "MII"]),
    st.sampled_from(["sign", "verify"]),
)
def test_no_text_does_more_than_be_refused(text: str, alg: str, start: str, use: Any) -> None:
    """Any text, also behind a true beginning of a key, raises KeyProblem at most."""
    with suppress(KeyProblem):
        assert read_keys(start + text, alg, use)
