"""The tables of second factors: authenticator apps, passkeys, recovery codes, and challenges that were answered."""

from __future__ import annotations

from typing import cast

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.store.database import Base
from webapp.store.models import Instant


class TotpFactor(Base):
    """A person's authenticator app: its secret, sealed, and the newest step whose code was used."""

    __tablename__ = "totp_factors"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(Instant)
    last_used_at: Mapped[int | None] = mapped_column(Instant)


class Passkey(Base):
    """A passkey: its public key, and what is known of where it lives."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_user_id", "user_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    credential_id: Mapped[str] = mapped_column(Text, unique=True)
    """Base64url. Unique over all people (WebAuthn section 7.1)."""
    public_key: Mapped[str] = mapped_column(Text)
    """COSE, base64url."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    rp_id: Mapped[str] = mapped_column(String(253))
    transports: Mapped[str] = mapped_column(String(80))
    backed_up: Mapped[bool]
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[int] = mapped_column(Instant)
    last_used_at: Mapped[int | None] = mapped_column(Instant)


class RecoveryCode(Base):
    """One of a person's ten recovery codes, as a hash."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    code_hash: Mapped[str] = mapped_column(Text)
    used_at: Mapped[int | None] = mapped_column(Instant)


class Spent(Base):
    """A challenge that was answered: each counts once."""

    __tablename__ = "spent"
    __table_args__ = (Index("ix_spent_expires_at", "expires_at"),)

    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[int] = mapped_column(Instant)


# As in `models`.
TOTP_FACTORS = cast(Table, TotpFactor.__table__)
PASSKEYS = cast(Table, Passkey.__table__)
RECOVERY_CODES = cast(Table, RecoveryCode.__table__)
SPENT = cast(Table, Spent.__table__)
