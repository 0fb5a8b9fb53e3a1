"""Hash, check and choose passwords (NIST SP 800-63B section 5.1.1, OWASP Password Storage Cheat Sheet)."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from webapp.core.errors import FieldError
from webapp.core.text import fold

MIN_LENGTH = 8
MAX_LENGTH = 1024
"""Characters. Long enough for any passphrase, short enough that hashing one cannot be used to tire the server."""

_HASHER = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)
"""argon2id with 19 MiB, two passes, one lane: OWASP's first choice."""

_DUMMY_HASH = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}${'A' * 22}${'A' * 43}"
)
"""Nobody's: a salt and a hash of zero bytes. Checking against it is the same work as against a real one."""

NO_PASSWORD = _DUMMY_HASH
"""For an account without a password. No password matches it, and checking one is the same work as for any other."""

_DATA = Path(__file__).parent / "data"


def hash_password(password: str) -> str:
    """An argon2id hash in PHC string format. Raises ValueError for text `problem_with` refuses as unreadable."""
    return _HASHER.hash(_normalise(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Does `password` fit the hash? With None (no such user) the same work is done and the answer is False."""
    try:
        text = _normalise(password) if len(password) <= MAX_LENGTH else ""
    except ValueError:
        text = ""
    # An unreadable or overlong password is checked as an empty one, which nobody can have. It is
    # the same work and the same answer.
    try:
        _HASHER.verify(_DUMMY_HASH if password_hash is None else password_hash, text)
    except (Argon2Error, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Was the hash made with other parameters than today's?"""
    return _HASHER.check_needs_rehash(password_hash)


def problem_with(password: str, *personal: str) -> str | None:
    """Why a new password cannot be accepted: unreadable, too_short, too_long, personal or common; None if it can.

    `personal` are the user name, e-mail address and display name, none of which may be the password.
    No composition rules, nothing truncated.
    """
    if len(password) > MAX_LENGTH:
        return "too_long"
    try:
        text = _normalise(password)
    except ValueError:
        return "unreadable"
    if len(text) < MIN_LENGTH:
        return "too_short"
    folded = fold(text)
    own = {fold(word) for word in personal if word} | {fold(word.partition("@")[0]) for word in personal if word}
    if folded in own:
        return "personal"
    return "common" if _is_common(folded) else None


def refuse_weak(field: str, password: str, *personal: str) -> None:
    """Raise FieldError for `field`, by a code of `problem_with`, if this new password cannot be accepted."""
    if weakness := problem_with(password, *personal):
        raise FieldError(field, weakness)


def _normalise(password: str) -> str:
    """NFC, so that the same Hangul typed on two systems is the same password. ValueError for a lone surrogate."""
    text = unicodedata.normalize("NFC", password)
    text.encode()  # UnicodeEncodeError is a ValueError
    return text


def _is_common(folded: str) -> bool:
    if len(set(folded)) <= 2 or folded in _common_passwords():
        return True
    # "tkfkdgo123!" is still 사랑해: up to four trailing digits and signs do not make a word a password.
    word = folded.rstrip("0123456789!@#$%^&*._-?~ ")
    return len(folded) - len(word) <= 4 and word in _korean_words()


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset((_DATA / "common_passwords.txt").read_text("utf-8").splitlines()) | _korean_words()


@cache
def _korean_words() -> frozenset[str]:
    words = (_DATA / "korean_words.txt").read_text("utf-8").split()
    return frozenset(fold(spelling) for word in words for spelling in (word, typed_on_latin_keyboard(word)))


_INITIALS = "r R s e E f a q Q t T d w W c z x v g".split()
_VOWELS = "k o i O j p u P h hk ho hl y n nj np nl b m ml l".split()
_FINALS = ["", *"r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g".split()]


def typed_on_latin_keyboard(hangul: str) -> str:
    """Hangul as it comes out of the two-set (dubeolsik) keyboard in Latin mode: 비밀번호 is qlalfqjsgh."""
    typed = []
    for char in unicodedata.normalize("NFC", hangul):
        index = ord(char) - 0xAC00
        if 0 <= index < 11172:
            initial, rest = divmod(index, 588)
            vowel, final = divmod(rest, 28)
            typed.append(_INITIALS[initial] + _VOWELS[vowel] + _FINALS[final])
        else:
            typed.append(char)
    return "".join(typed)
