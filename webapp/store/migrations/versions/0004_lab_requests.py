"""the lab's short memory: the columns that are asked for, and one text that tells the rest

Old records are forgotten. Until each host runs this release, `/lab` of the older ones answers 503.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("lab_requests")
    _make(sa.Column("path", sa.String(80), nullable=False), *_states(), sa.Column("told", sa.Text(), nullable=False))


def downgrade() -> None:
    op.drop_table("lab_requests")
    _make(
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("path", sa.String(80), nullable=False),
        *_states(),
        sa.Column("refresh", sa.String(8), nullable=False),
        sa.Column("standing", sa.String(12)),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("what", sa.String(16)),
        sa.Column("generation_before", sa.Integer(), nullable=False),
        sa.Column("generation_after", sa.Integer(), nullable=False),
        sa.Column("cookies", sa.String(40), nullable=False),
        sa.Column("microseconds", sa.Integer(), nullable=False),
        sa.Column("access_gen", sa.Integer()),
        sa.Column("access_iat", sa.BigInteger()),
        sa.Column("access_exp", sa.BigInteger()),
        sa.Column("refresh_gen", sa.Integer()),
        sa.Column("refresh_iat", sa.BigInteger()),
        sa.Column("refresh_exp", sa.BigInteger()),
    )


def _states() -> list[sa.Column[str]]:
    return [sa.Column("access", sa.String(8), nullable=False), sa.Column("cell", sa.String(24), nullable=False)]


def _make(*columns: sa.Column) -> None:
    op.create_table(
        "lab_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("sid", sa.String(32), sa.ForeignKey("auth_sessions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("user_id", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        *columns,
    )
    op.create_index("ix_lab_requests_sid_id", "lab_requests", ["sid", "id"])
    op.create_index("ix_lab_requests_user_id", "lab_requests", ["user_id"])
