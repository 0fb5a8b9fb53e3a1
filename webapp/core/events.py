"""The names of the events in the audit trail. Only events named here are recorded."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """What happened, for the trail, the log and the activity page."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_CHALLENGED = "login.challenged"
    LOGIN_FAILED = "login.failed"
    LOGIN_LIMITED = "login.limited"
    SESSION_STARTED = "session.started"
    SESSION_REVOKED = "session.revoked"
    REFRESH_RENEWED = "refresh.renewed"
    REFRESH_REDELIVERED = "refresh.redelivered"
    REFRESH_REUSED = "refresh.reused"
    REFRESH_ABANDONED = "refresh.abandoned"
    REFRESH_UNKNOWN = "refresh.unknown"
    TOKEN_INVALID = "token.invalid"  # noqa: S105 - a name, not a secret
    TOKEN_PAIR_MISMATCH = "token.pair_mismatch"  # noqa: S105
    COOKIE_DUPLICATE = "cookie.duplicate"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105
    RESET_ASKED = "reset.asked"
    MAIL_FAILED = "mail.failed"
    EMAIL_CONFIRMED = "email.confirmed"
    EMAIL_CHANGE_ASKED = "email.change_asked"
    EMAIL_CHANGED = "email.changed"
    ACCOUNT_EXPORTED = "account.exported"
    ACCOUNT_DELETED = "account.deleted"
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    FACTOR_FAILED = "factor.failed"
    FACTOR_LIMITED = "factor.limited"
    PASSKEY_COUNTER = "passkey.counter"
    FACTORS_RESET = "factors.reset"
    CODES_MADE = "codes.made"
    CODE_USED = "code.used"
    STEP_UP_PASSED = "step_up.passed"
    STEP_UP_FAILED = "step_up.failed"
    ROLE_CHANGED = "role.changed"
    KEYS_ROTATED = "keys.rotated"
    KEYS_RETIRED = "keys.retired"
