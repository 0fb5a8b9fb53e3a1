"""Recovery codes: sixteen characters of Crockford's alphabet in groups of four. Ten a set, each good once.

The first character is the code's number (0 to 9) and the other fifteen are 75 random bits. The number says which row
to compare, so a try costs one hash, whether the row exists or not. Below 112 bits a password hash is demanded
(ASVS 6.5.2).
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which are taken for something else."""
CODES = 10
SECRET_CHARACTERS = 15
FEW = 3
"""Below so many unused codes the account page asks for new ones."""
MAX_TYPED_LENGTH = 64
_READ_AS = str.maketrans("OIL", "011", " -\t")


def new_codes() -> list[str]:
    """A set of ten, code n first-charactered n."""
    return [
        str(number) + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS)) for number in range(CODES)
    ]


def shown(code: str) -> str:
    """In groups of four: 0ABC-DEFG-HJKM-NPQR."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def typed_code(text: str) -> tuple[int, str] | None:
    """(number, secret characters) of the typed text; None if it cannot be a code.

    Case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
    """
    if len(text) > MAX_TYPED_LENGTH or not text.isascii():
        return None
    code = text.upper().translate(_READ_AS)
    if len(code) != 1 + SECRET_CHARACTERS or any(char not in ALPHABET for char in code) or not code[0].isdigit():
        return None
    return int(code[0]), code[1:]
