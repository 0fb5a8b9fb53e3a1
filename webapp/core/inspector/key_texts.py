"""Find the keys in a pasted text: the ways in which people have them in hand, brought to one form.

A key comes as JWK, as a set of them, as an object of PEMs by `kid`, as PEM in a JSON or env file with `\\n` as two
characters, as bare base64, as a certificate. A secret comes as text, hex or base64. Nothing is computed here.
"""

from __future__ import annotations

import binascii
import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_TEXT = 32_768
"""Characters of a pasted text. A set of ten keys with certificates fits."""
MAX_PEM = 3_400
"""Characters of base64 in one key: what a private RSA key of 4096 bits needs."""
MAX_CERTIFICATE = 8_192
MAX_KEYS = 32
"""Keys of one text that are looked at."""


class Pasted(NamedTuple):
    """One key as it was pasted; its material is not read yet."""

    form: str
    """jwk, pem, certificate, private, public, base64 (bare DER), ssh."""
    material: Any
    """The members of a JWK, the line of an ssh key, else DER."""
    kid: str | None = None


class KeyProblem(Exception):
    """The key cannot be used. `code` is a stable word that the page turns into a sentence. Contains no key material."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def trimmed(text: str) -> str:
    """A pasted text without white space and characters nobody sees (zero-width spaces, a byte order mark) around it."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in ("Cf", "Cc")


def find_keys(text: str) -> list[Pasted]:
    """The keys in a text that is no shared secret. Empty if there is none. Raises KeyProblem."""
    if text.startswith(("{", "[")):
        return _of_json(text)
    if "-----BEGIN" in text:
        return list(_of_pem(text))
    if text.startswith(("ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-")):
        return [Pasted("ssh", text[:MAX_PEM])]
    der = _decoded(_only_base64(text) or "")
    if der and der.startswith(b"-----BEGIN"):
        return list(_of_pem(der.decode("ascii", "replace")))
    return [Pasted("base64", der)] if der and der.startswith(b"0") and len(der) > 32 else []


def _of_json(text: str) -> list[Pasted]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyProblem("not_json") from None
    entries = document if isinstance(document, list) else [document]
    if isinstance(document, dict) and isinstance(document.get("keys"), list):
        entries = document["keys"]
    found: list[Pasted] = []
    for entry in entries[:MAX_KEYS]:
        if isinstance(entry, dict) and "kty" in entry:
            kid = entry.get("kid")
            found.append(Pasted("jwk", entry, kid if isinstance(kid, str) else None))
        elif isinstance(entry, dict):
            # Certificates by kid, as Google publishes them, or a key file of a service account.
            for name, value in list(entry.items())[:MAX_KEYS]:
                if isinstance(value, str) and "-----BEGIN" in value:
                    found += [pem._replace(kid=name) for pem in _of_pem(value)]
    if not found:
        raise KeyProblem("no_key_inside")
    return found[:MAX_KEYS]


def _of_pem(text: str) -> Iterator[Pasted]:
    rest = text
    for _ in range(MAX_KEYS):
        _before, begin, rest = rest.partition("-----BEGIN ")
        if not begin:
            return
        label, dashes, rest = rest.partition("-----")
        body, end, after = rest.partition(f"-----END {label}-----")
        if not dashes or not end:
            raise KeyProblem("encrypted" if "ENCRYPTED" in label else "malformed")
        rest = after
        if label == "EC PARAMETERS":
            continue
        if "ENCRYPTED" in label or "ENCRYPTED" in body[:200]:
            raise KeyProblem("encrypted")
        form = _FORMS.get(label)
        if form is None:
            raise KeyProblem("openssh" if "OPENSSH" in label else "other_kind")
        if len(body) > 2 * MAX_CERTIFICATE:
            raise KeyProblem("too_long")
        base64 = _only_base64(body)
        if base64 and len(base64) > (MAX_CERTIFICATE if form == "certificate" else MAX_PEM):
            raise KeyProblem("too_long")
        der = _decoded(base64 or "")
        if not der:
            raise KeyProblem("malformed")
        yield Pasted(form, der)


_FORMS = {
    "CERTIFICATE": "certificate",
    "PUBLIC KEY": "public",
    "RSA PUBLIC KEY": "public",
    "PRIVATE KEY": "private",
    "RSA PRIVATE KEY": "private",
    "EC PRIVATE KEY": "private",
}

_LINE_ENDS = re.compile(r"\\[nrt]")
_AROUND = re.compile(r"[\s\"'`,;\\]+")


def _only_base64(text: str) -> str | None:
    """The base64 in `text` without quotes and line ends, written-out ones too. None if anything else is there."""
    plain = _AROUND.sub("", _LINE_ENDS.sub("", text.replace('" +', '"')))
    return plain if plain.isascii() and plain.rstrip("=").replace("+", "").replace("/", "").isalnum() else None


def _decoded(base64: str) -> bytes | None:
    try:
        return b64decode(base64.rstrip("=") + "=" * (-len(base64.rstrip("=")) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def secret_forms(text: str) -> Iterator[tuple[str, bytes]]:
    """What a pasted shared secret may stand for, likeliest first: (text, unquoted, hex, base64 or base64url; bytes)."""
    yield "text", text.encode("utf-8", "surrogatepass")
    plain = trimmed(_NAME.sub("", text, count=1))
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'`":
        plain = plain[1:-1]
    if plain != text:
        yield "unquoted", plain.encode("utf-8", "surrogatepass")
    if not plain.isascii():
        return
    if re.fullmatch(r"(?:0x)?(?:[0-9A-Fa-f]{2}[:\s]?)+", plain):
        yield "hex", bytes.fromhex(re.sub(r"^0x|[:\s]", "", plain))
    unpadded = "".join(plain.split()).rstrip("=")
    if unpadded and len(unpadded) % 4 != 1:
        standard = unpadded.replace("-", "+").replace("_", "/")
        form = "base64url" if standard != unpadded else "base64"
        if raw := _decoded(standard):
            yield form, raw


_NAME = re.compile(r"^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]{0,60}\s*[=:]\s*(?=\S)")
"""The name in front of a value, as in an env or YAML file."""
