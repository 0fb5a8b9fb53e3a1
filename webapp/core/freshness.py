"""Is it still the same person? How recently a user proved who they are, and by what.

Freshness travels in the access token (claim `auth_time`, OpenID Connect Core section 2). Only a login and a step-up set
it. A reissued token inherits it from the token that was presented, never from the row. A copy of the tokens that
was made before a step-up must not be lifted by it.
"""

from __future__ import annotations

from collections.abc import Collection

PASSWORD, CODE, PASSKEY, MULTIPLE = "pwd", "otp", "pop", "mfa"
USER_VERIFIED = "user"
"""RFC 8176's names of authentication methods. Without attestation nobody knows `hwk` from `swk`, so neither is used."""

BY_PASSWORD = (PASSWORD,)
BY_PASSWORD_AND_CODE = (PASSWORD, CODE, MULTIPLE)
BY_PASSKEY = (PASSKEY, USER_VERIFIED, MULTIPLE)
BY_PASSWORD_AND_PASSKEY = (PASSWORD, PASSKEY, USER_VERIFIED, MULTIPLE)

_ORDER = (PASSWORD, CODE, PASSKEY, USER_VERIFIED, MULTIPLE)


def is_fresh(token_auth_time: int | None, row_auth_time: int, *, now: int, within: int) -> bool:
    """Did the person of this request prove who they are no longer than `within` seconds ago?

    `token_auth_time` is the claim of an authentic access token, None without one. It never counts for more than the
    row says, so a leaked signing key alone lifts nobody.
    """
    return token_auth_time is not None and now - token_auth_time <= within and token_auth_time <= row_auth_time


def inherited(token_auth_time: int | None, created_at: int) -> int:
    """`auth_time` of a reissued access token: the presented token's, else the moment the session began."""
    return created_at if token_auth_time is None else token_auth_time


def joined(amr: str, more: Collection[str]) -> str:
    """A row's `amr` grown by what was proved now, in one order."""
    methods = {*amr.split(), *more}
    return " ".join(method for method in _ORDER if method in methods)


def acr_of(amr: str) -> str:
    """The level in one word: `phr` where a passkey was used (phishing-resistant), `2fa`, or `1fa`."""
    methods = amr.split()
    if PASSKEY in methods:
        return "phr"
    return "2fa" if MULTIPLE in methods else "1fa"
