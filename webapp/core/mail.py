"""Which mails there are, how long they and their secrets are good for, and when a failed one is tried again.

A mail's row is the record of its secret, as a session's row is that of its refresh token. The request always writes a
row, and the courier makes the secret at the moment of sending. So a known and an unknown address cost the same work,
and nothing secret waits in the database. A queue does not eat the life of a link.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum

MINUTE, HOUR, DAY = 60, 3600, 86400

CLAIM = 120
"""Seconds a courier has for a mail; a killed courier's mail is free again after that."""
ROUND = 50
"""Mails that one round of a courier takes at most."""
NOTICES_A_DAY = 5
"""Notices of one kind that a person gets in a day. A flood would hide the one that matters."""
RESETS_AN_HOUR = 3
"""Reset links that an account is sent in an hour, however many were asked for."""
CODE_TRIES = 5
"""Wrong codes after which a mailed code is no longer good (ASVS 6.5.5 asks for few)."""
CODE_DIGITS = 8
KEPT = 7 * DAY
"""Seconds a sent or failed mail is kept for `flask mail list`."""


class MailKind(StrEnum):
    """What a mail is about. The value stands in `mails.kind`."""

    RESET = "reset"
    INVITE = "invite"
    CODE = "code"
    TAKEN = "taken"
    NEW_DEVICE = "new_device"
    PASSWORD = "password"  # noqa: S105 - the name of a mail
    REUSE = "theft"
    ADDRESS_ASKED = "address_asked"
    ADDRESS_CHANGED = "address_changed"
    FACTOR_ON = "factor_on"
    FACTOR_OFF = "factor_off"
    CODES_MADE = "codes_made"
    CODE_USED = "code_used"
    SECOND_FAILED = "second_failed"
    DELETED = "deleted"


LINKS = frozenset({MailKind.RESET, MailKind.INVITE})
"""Mails that carry a link with a secret in it."""
SECRET_LIFE = {MailKind.RESET: 30 * MINUTE, MailKind.INVITE: 3 * DAY, MailKind.CODE: 30 * MINUTE}
"""Seconds a secret is good for, from the moment of sending. The other kinds carry none."""
NOTICES = frozenset(MailKind) - SECRET_LIFE.keys() - {MailKind.TAKEN}
"""Mails that only tell. They go to confirmed addresses, because strangers must not read about a user's devices."""


def can_arrive(address: str) -> bool:
    """Whether a mail to this address can arrive. RFC 2606 section 2 keeps `.invalid` from ever existing."""
    return address != "" and not address.endswith(".invalid")


def longest_wait(kind: MailKind) -> int:
    """Seconds after which a mail that could not be sent is given up. A reset link of yesterday would surprise."""
    return HOUR if kind in SECRET_LIFE else 3 * DAY


def pause_after(attempts: int) -> int:
    """Seconds to the next attempt when `attempts` have failed: 1, 2, 4 … at most 60 minutes."""
    return min(1 << min(attempts - 1, 6), 60) * MINUTE


def new_link_secret() -> str:
    """256 random bits for a link, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_link_secret(secret: str) -> str:
    """The stored hash of a link's secret. The secret is random, so one round of SHA-256 is enough (ASVS 6.5.2)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_code() -> str:
    """Eight random digits, to be typed."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def shown_code(code: str) -> str:
    """A code in two groups: 1234 5678."""
    return f"{code[:4]} {code[4:]}"


def typed_code(text: str) -> str | None:
    """The digits of a typed code, spaces and hyphens dropped; None if it cannot be one."""
    if len(text) > 32:
        return None
    digits = "".join(text.split()).replace("-", "")
    return digits if len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit() else None


def masked(address: str) -> str:
    """An address as it is shown after a password alone: its first letter and its domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
