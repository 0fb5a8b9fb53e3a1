"""The session row: one login on one device, joined with its user. The protocol's central noun.

The row is the database's record of the refresh token and the lock of its rotation. Every other module of the core
asks questions about it; `store/auth_sessions.py` reads and writes it.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum
from typing import Literal, NamedTuple

Channel = Literal["web", "api"]
"""The door a session belongs to. Tokens of one channel are INVALID at the other."""


LABEL_BYTES = 5
"""Bytes of a session's label. Among a million sessions two share one with a chance of one in two."""


class EndReason(StrEnum):
    """Why a session ended: the column `revoked_reason`, the `notice` of the login page, the detail in the trail."""

    LOGOUT = "logout"
    ENDED = "ended"
    """Its owner ended it from another session."""
    REUSE = "reuse"
    """A refresh token came back after its successor was in use (RFC 9700 section 4.14.2)."""
    PASSWORD = "password"  # noqa: S105 - a reason, not a secret
    ADMIN = "admin"
    REPLACED = "replaced"
    """The same browser logged in again."""
    LIMIT = "limit"
    ADDRESS = "address"
    """The email address was changed."""
    FACTORS = "factors"
    """A second factor was set up or removed."""


class Ending(StrEnum):
    """How a session ends that nobody ended: seen in listings, written nowhere."""

    EXPIRED = "expired"
    """Its absolute lifetime is over."""
    UNUSED = "unused"
    """Its refresh token ran out, and with it the window in which it could be renewed."""
    DISABLED = "disabled"
    CREDENTIALS = "credentials"
    """Its user's credentials have changed."""


class SessionRow(NamedTuple):
    """A session joined with its user: everything an authenticated request needs. Times are Unix seconds."""

    sid: str
    user_id: str
    channel: str
    created_at: int
    auth_time: int
    expires_at: int
    last_seen_at: int
    persistent: bool
    credential_epoch: int
    revoked_at: int | None
    revoked_reason: str | None
    refresh_generation: int
    refresh_jti: str
    refresh_issued_at: int
    refresh_expires_at: int
    refresh_confirmed_at: int | None
    previous_refresh_jti: str | None
    refresh_forks: int
    """How often the current generation's refresh token was replaced before anybody had used it."""
    access_ttl: int | None
    refresh_ttl: int | None
    """The session's own lifetimes, in seconds. None: the application's."""
    watched_from: int | None
    username: str
    email: str
    name: str
    role: str
    theme: str
    language: str
    user_credential_epoch: int
    disabled_at: int | None
    email_verified_at: int | None
    amr: str
    """How the person proved who they are (RFC 8176), space-separated."""

    def is_live(self, now: int) -> bool:
        """Whether the session can still be used: the one definition. `store/live.py` says it in SQL.

        It has not been ended, its absolute lifetime is not over, its user is not disabled, and the user's credentials
        have not changed since the login. Further demands of the site stand in core/demands.py.
        """
        return (
            self.revoked_at is None
            and now < self.expires_at
            and self.disabled_at is None
            and self.credential_epoch == self.user_credential_epoch
        )

    def successor(self, *, now: int, refresh_expires_at: int) -> SessionRow:
        """The row as a rotation at `now` will leave it, with the next generation's jti. Changes nothing."""
        return self._replace(
            refresh_generation=self.refresh_generation + 1,
            previous_refresh_jti=self.refresh_jti,
            refresh_jti=new_jti(),
            refresh_issued_at=now,
            refresh_expires_at=refresh_expires_at,
            refresh_confirmed_at=None,
            refresh_forks=0,
            last_seen_at=now,
        )

    def fork(self, *, now: int, refresh_expires_at: int) -> SessionRow:
        """The row as a fork at `now` will leave it: another successor of the same generation. Changes nothing."""
        return self._replace(
            refresh_jti=new_jti(),
            refresh_issued_at=now,
            refresh_expires_at=refresh_expires_at,
            refresh_forks=self.refresh_forks + 1,
            last_seen_at=now,
        )


def session_label(sid: str) -> str:
    """A short name for a session in logs and listings: ten hexadecimal digits of a hash.

    The id itself is not written there, because next to a leaked signing key it would make a token.
    """
    return hashlib.blake2b(sid.encode("utf-8", "replace"), digest_size=LABEL_BYTES).hexdigest()


def new_jti() -> str:
    """128 random bits, base64url."""
    return secrets.token_urlsafe(16)
