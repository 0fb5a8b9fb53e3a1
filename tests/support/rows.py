"""Session rows without a database: what the core is asked about."""

from __future__ import annotations

from typing import Any

from webapp.core.session import SessionRow

LOGGED_IN_AT = 1_800_000_000
DAY = 24 * 3600

_ROW = SessionRow(
    sid="0123456789abcdef0123456789abcdef",
    user_id="fedcba9876543210fedcba9876543210",
    channel="web",
    created_at=LOGGED_IN_AT,
    auth_time=LOGGED_IN_AT,
    expires_at=LOGGED_IN_AT + 30 * DAY,
    last_seen_at=LOGGED_IN_AT,
    persistent=False,
    credential_epoch=0,
    revoked_at=None,
    revoked_reason=None,
    refresh_generation=3,
    refresh_jti="AAAAAAAAAAAAAAAAAAAAAA",
    refresh_issued_at=LOGGED_IN_AT,
    refresh_expires_at=LOGGED_IN_AT + 14 * DAY,
    refresh_confirmed_at=None,
    previous_refresh_jti="BBBBBBBBBBBBBBBBBBBBBB",
    refresh_forks=0,
    access_ttl=None,
    refresh_ttl=None,
    watched_from=None,
    username="ada",
    email="ada@example.com",
    name="Ada Lovelace",
    role="user",
    theme="auto",
    language="en",
    user_credential_epoch=0,
    disabled_at=None,
    email_verified_at=LOGGED_IN_AT,
    amr="pwd",
)


def session_row(**changes: Any) -> SessionRow:
    """Ada's session after three rotations, the last one just now and not yet confirmed; with `changes`."""
    return _ROW._replace(**changes)
