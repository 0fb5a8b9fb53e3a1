"""The tables. Times are Unix seconds (UTC); ids and jtis are text."""

from __future__ import annotations

from typing import cast

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.store.database import Base

Instant = BigInteger
EventId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the key is declared INTEGER."""


class User(Base):
    """A person. Each change that must end every session at once raises `credential_epoch`."""

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "ix_users_guest_until",
            "guest_until",
            sqlite_where=text("guest_until IS NOT NULL"),
            postgresql_where=text("guest_until IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    username_key: Mapped[str] = mapped_column(String(32), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    password_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16), default="user")
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    language: Mapped[str] = mapped_column(String(8), default="en")
    credential_epoch: Mapped[int] = mapped_column(Integer, default=0)
    disabled_at: Mapped[int | None] = mapped_column(Instant)
    created_at: Mapped[int] = mapped_column(Instant)
    guest_until: Mapped[int | None] = mapped_column(Instant)
    """When a guest of the lab is deleted; None for every other account."""
    email_verified_at: Mapped[int | None] = mapped_column(Instant)
    """When the person proved that the mailbox is theirs; None: not yet."""


class AuthSession(Base):
    """One login on one device: the record of its refresh token, and the lock of that token's rotation."""

    __tablename__ = "auth_sessions"
    __table_args__ = (
        Index("ix_auth_sessions_user_id_created_at", "user_id", "created_at"),
        Index("ix_auth_sessions_expires_at", "expires_at"),
        Index(
            "ix_auth_sessions_revoked_at",
            "revoked_at",
            sqlite_where=text("revoked_at IS NOT NULL"),
            postgresql_where=text("revoked_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[int] = mapped_column(Instant)
    auth_time: Mapped[int] = mapped_column(Instant)
    expires_at: Mapped[int] = mapped_column(Instant)
    last_seen_at: Mapped[int] = mapped_column(Instant)
    persistent: Mapped[bool]
    user_agent: Mapped[str] = mapped_column(String(400))
    ip_address: Mapped[str] = mapped_column(String(45))
    credential_epoch: Mapped[int] = mapped_column(Integer)
    revoked_at: Mapped[int | None] = mapped_column(Instant)
    revoked_reason: Mapped[str | None] = mapped_column(String(16))
    refresh_generation: Mapped[int] = mapped_column(Integer)
    refresh_jti: Mapped[str] = mapped_column(String(32))
    refresh_issued_at: Mapped[int] = mapped_column(Instant)
    refresh_expires_at: Mapped[int] = mapped_column(Instant)
    refresh_confirmed_at: Mapped[int | None] = mapped_column(Instant)
    previous_refresh_jti: Mapped[str | None] = mapped_column(String(32))
    refresh_forks: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    access_ttl: Mapped[int | None] = mapped_column(Integer)
    refresh_ttl: Mapped[int | None] = mapped_column(Integer)
    """Lifetimes of this session's own, in seconds: the lab's fast clock. None: the application's."""
    watched_from: Mapped[int | None] = mapped_column(Instant)
    """Since when the lab keeps this session's requests; None: it keeps none."""
    amr: Mapped[str] = mapped_column(Text, server_default="pwd")
    """How the person proved who they are (RFC 8176), space-separated. The default lets old workers go on inserting."""


class LabRequest(Base):
    """What one request of a watched session was: states and numbers, no token and no key."""

    __tablename__ = "lab_requests"
    __table_args__ = (Index("ix_lab_requests_sid_id", "sid", "id"), Index("ix_lab_requests_user_id", "user_id"))

    id: Mapped[int] = mapped_column(EventId, primary_key=True, autoincrement=True)
    sid: Mapped[str] = mapped_column(ForeignKey("auth_sessions.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(String(80))
    access: Mapped[str] = mapped_column(String(8))
    cell: Mapped[str] = mapped_column(String(24))
    told: Mapped[str] = mapped_column(Text)
    """The whole record as JSON (see store/lab_requests.py); the columns above are those that are asked for."""


class SecurityEvent(Base):
    """One line of the audit trail: appended, never changed. Keeps no foreign key, so it outlives what it tells of."""

    __tablename__ = "security_events"
    __table_args__ = (Index("ix_security_events_user_id_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(EventId, primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(Instant)
    event: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str | None] = mapped_column(String(32))
    sid: Mapped[str | None] = mapped_column(String(32))
    ip_address: Mapped[str] = mapped_column(String(45), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")


class RateCounter(Base):
    """How often something happened in the window that ends at `expires_at`. The key names nobody, because it is a
    hash."""

    __tablename__ = "rate_counters"
    __table_args__ = (Index("ix_rate_counters_expires_at", "expires_at"),)

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[int] = mapped_column(Instant)


class Mail(Base):
    """A mail to send or sent, and the record of the secret it carries: its hash, its end, whether it was used."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_due_at", "due_at"),
        Index("ix_mails_user_id_kind", "user_id", "kind", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(254))
    """Empty: nobody is meant (a reset was asked for an unknown name), and the courier deletes the row."""
    language: Mapped[str] = mapped_column(String(8))
    credential_epoch: Mapped[int] = mapped_column(Integer)
    detail: Mapped[str] = mapped_column(Text, default="{}")
    """Our own words and numbers as JSON; nothing that a person typed."""
    created_at: Mapped[int] = mapped_column(Instant)
    due_at: Mapped[int | None] = mapped_column(Instant)
    """When it is tried next; None once it is sent or given up."""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claimed_until: Mapped[int | None] = mapped_column(Instant)
    sent_at: Mapped[int | None] = mapped_column(Instant)
    failed_at: Mapped[int | None] = mapped_column(Instant)
    secret_hash: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[int | None] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    used_at: Mapped[int | None] = mapped_column(Instant)


class RetiredName(Base):
    """The user name of a deleted account, as SHA-256 of its folded form. It is never given out again."""

    __tablename__ = "retired_names"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    retired_at: Mapped[int] = mapped_column(Instant)


# The same tables for statements of SQLAlchemy's core. Declarative models type theirs as a more general clause.
USERS = cast(Table, User.__table__)
AUTH_SESSIONS = cast(Table, AuthSession.__table__)
LAB_REQUESTS = cast(Table, LabRequest.__table__)
SECURITY_EVENTS = cast(Table, SecurityEvent.__table__)
RATE_COUNTERS = cast(Table, RateCounter.__table__)
MAILS = cast(Table, Mail.__table__)
RETIRED_NAMES = cast(Table, RetiredName.__table__)
