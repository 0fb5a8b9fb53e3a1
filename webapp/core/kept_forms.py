"""Forms that outlive a login: a form is sealed when the session has ended, and its sender alone can open it.

The sealed text travels in the login page and comes back with the login. Nothing is stored here, so a form is bound by
cryptography to what it is for. The seal is Fernet (AES-CBC and HMAC-SHA256) with a key of its own for each person,
derived from the forms' secret (HKDF, RFC 5869). The target path stands inside. Passwords and tokens are never sealed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.core.lifetimes import MINUTE

KEPT_FOR = 60 * MINUTE
"""Seconds a sealed form can be opened."""

MOST_BYTES = 16 * 1024
"""Of the sealed JSON in UTF-8, names of fields included."""

MOST_FIELDS = 200

MOST_SEALED = 24 * 1024
"""Characters of a sealed text that are looked at: MOST_BYTES become fewer."""

_PASSWORD = re.compile(r"passw|passphrase|pwd", re.IGNORECASE)
_NEVER = re.compile(r"token|csrf|secret|totp|\botp\b|^(recovery_)?code$|^kept$|^credential$|^ceremony$", re.IGNORECASE)
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*\Z", re.ASCII)
"""A value that looks like a JWT, whatever its field is called."""


class Unkeepable(ValueError):
    """A form that cannot be kept. Its code is the only argument: too_large, upload."""

    @property
    def code(self) -> str:
        return str(self.args[0])


class TooOld(ValueError):
    """A form of this very person, sealed longer ago than KEPT_FOR. Its path is the only argument."""

    @property
    def path(self) -> str:
        return str(self.args[0])


class KeptForm(NamedTuple):
    """A form on its way, without the fields that must not be kept."""

    path: str
    """Where it was going: path and query of this origin."""
    fields: tuple[tuple[str, str], ...]
    """Names and values in their order; a name may come more than once."""
    passwords: tuple[str, ...] = ()
    """Names of the password fields that were left out: to be typed anew."""
    left_out: tuple[str, ...] = ()
    """Names of the other fields that were left out."""


def choose(path: str, fields: Iterable[tuple[str, str]]) -> KeptForm | None:
    """The form on its way to `path`, as far as it can be kept; None where nothing was typed. Raises Unkeepable."""
    kept: list[tuple[str, str]] = []
    passwords: list[str] = []
    left_out: list[str] = []
    for count, (name, value) in enumerate(fields, start=1):
        if count > MOST_FIELDS:
            raise Unkeepable("too_large")
        if _PASSWORD.search(name):
            passwords.append(name)
        elif _NEVER.search(name) or _TOKEN.match(value):
            left_out.append(name)
        else:
            kept.append((name, value))
    if not kept and not passwords:
        return None
    return KeptForm(path, tuple(kept), tuple(passwords), tuple(name for name in left_out if name != "csrf_token"))


def seal(form: KeptForm, user_id: str, secret: str, now: int) -> str:
    """The form as a text that only `unseal` for the same person can read. `now` is Unix seconds. Raises Unkeepable."""
    told = json.dumps(form._asdict(), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(told) > MOST_BYTES:
        raise Unkeepable("too_large")
    return _cipher(user_id, secret).encrypt_at_time(told, now).decode()


def unseal(sealed: str, user_id: str, secret: str, now: int) -> KeptForm | None:
    """The form that was sealed for this person; None for anything else whatever. Raises TooOld after KEPT_FOR.

    `now` is Unix seconds. A text that was sealed for another user looks like a text that was never sealed.
    """
    if not 0 < len(sealed) <= MOST_SEALED or not sealed.isascii():
        return None
    cipher = _cipher(user_id, secret)
    try:
        told = json.loads(cipher.decrypt(sealed))
    except InvalidToken:
        return None
    age = now - cipher.extract_timestamp(sealed)
    if age > KEPT_FOR:
        raise TooOld(told["path"])
    return KeptForm(
        told["path"],
        tuple((name, value) for name, value in told["fields"]),
        tuple(told["passwords"]),
        tuple(told["left_out"]),
    )


def _cipher(user_id: str, secret: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"tokenroom kept form\0" + user_id.encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
