"""people, sessions, events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("username_key", sa.String(32), nullable=False, unique=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("theme", sa.String(8), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("credential_epoch", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "auth_sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user_id", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("persistent", sa.Boolean(), nullable=False),
        sa.Column("user_agent", sa.String(400), nullable=False),
        sa.Column("ip_address", sa.String(45), nullable=False),
        sa.Column("credential_epoch", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("revoked_reason", sa.String(16)),
        sa.Column("refresh_generation", sa.Integer(), nullable=False),
        sa.Column("refresh_jti", sa.String(32), nullable=False),
        sa.Column("refresh_issued_at", sa.BigInteger(), nullable=False),
        sa.Column("refresh_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("refresh_confirmed_at", sa.BigInteger()),
        sa.Column("previous_refresh_jti", sa.String(32)),
    )
    op.create_index("ix_auth_sessions_user_id_created_at", "auth_sessions", ["user_id", "created_at"])
    op.create_index("ix_auth_sessions_expires_at", "auth_sessions", ["expires_at"])
    op.create_table(
        "security_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("sid", sa.String(32)),
        sa.Column("ip_address", sa.String(45), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("ix_security_events_user_id_id", "security_events", ["user_id", "id"])


def downgrade() -> None:
    op.drop_table("security_events")
    op.drop_table("auth_sessions")
    op.drop_table("users")
