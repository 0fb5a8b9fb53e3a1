"""User names and email addresses: what people type for them, in the one form in which they are kept and found.

Every door uses these functions (sign-up, login, API, commands), so a name that one of them accepts is known to all
others.
"""

from __future__ import annotations

import re
import unicodedata

import regex

from webapp.core.text import fold, is_storable

MAX_LENGTH = 254
"""Characters of a user name or address as typed (RFC 5321 section 4.5.3.1.3). Longer text names nobody."""

_USERNAME = re.compile(r"[A-Za-z0-9._-]{3,32}")
_WIDTHS = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)} | {0x3000: " ", 0xFE6B: "@"}
"""Full-width forms, as East Asian keyboards send them, and their usual form."""
_INVISIBLE = regex.compile(
    # Between letters of other scripts the joiners are spelling, so a domain with one is another domain.
    r"(?V1)[\p{Default_Ignorable_Code_Point}\p{Cf}--[\u200C\u200D]]+"
    r"|(?<![^\x00-\x7F])[\u200C\u200D]+|[\u200C\u200D]+(?![^\x00-\x7F])"
)

_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOTS = re.compile(r"\.{2,}")


def is_username(text: str) -> bool:
    """3 to 32 of ASCII letters, digits, `.`, `_`, `-`. ASCII only, so that no two names look alike."""
    return _USERNAME.fullmatch(text) is not None


def clean_username(text: str) -> str | None:
    """The username that was typed, or None if it is not a valid one."""
    typed = _typed(text)
    name = unicodedata.normalize("NFKC", typed) if typed else ""
    return name if is_username(name) else None


def clean_email(text: str) -> str | None:
    """The typed address in its normal form: NFC, the domain in lower case and Unicode. None if it is none.

    Only the form counts, because addresses within a company or a home are addresses too. Nothing is looked up in the
    network.
    """
    typed = (_typed(text) or "").removeprefix("mailto:")
    if typed.startswith("<") and typed.endswith(">"):
        typed = typed[1:-1]
    local, _at, domain = typed.rpartition("@")
    # Japanese carriers gave out addresses with dots in a row or before the @, against RFC 5321. They receive mail.
    is_plain = _PLAIN_LOCAL.fullmatch(local) is not None
    usual = _DOTS.sub(".", local).strip(".") if is_plain else local
    address = _normal(f"{usual}@{domain}")
    if address is not None and is_plain:
        address = f"{local}@{address.rpartition('@')[2]}"
    return address if address is not None and len(address) <= MAX_LENGTH else None


def username_key(username: str) -> str:
    """The key under which a user name is unique and found. Letter case does not count."""
    return fold(username)


def email_key(address: str) -> str:
    """The key under which a clean address is unique and found. Letter case does not count.

    Lower case only. NFKC or full case folding would make one of two mailboxes: `\ufb01ona@` and `fiona@`.
    """
    return address.lower()


def login_key(text: str) -> tuple[str, bool] | None:
    """The key of a typed login, and whether it is an address. None: no account can be called that."""
    typed = _typed(text)
    if not typed:
        return None
    if "@" in typed:
        address = clean_email(typed)
        return None if address is None else (email_key(address), True)
    name = clean_username(typed)
    return None if name is None else (username_key(name), False)


def _typed(text: str) -> str | None:
    """`text` in usual widths, without spaces around it and invisible characters. None if it cannot be a login."""
    if len(text) > MAX_LENGTH or not is_storable(text):
        return None
    return _INVISIBLE.sub("", text).translate(_WIDTHS).strip()


def _normal(address: str) -> str | None:
    import email_validator  # its tables would slow every start

    # Names that the public DNS does not know (.local, .test) say nothing about the form of an address.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        return email_validator.validate_email(
            address, check_deliverability=False, globally_deliverable=False
        ).normalized
    except email_validator.EmailNotValidError:
        return None
