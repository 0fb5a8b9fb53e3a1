"""guests of the lab: accounts that end by themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("guest_until", sa.BigInteger(), nullable=True))
    # Only the guests of all users are in it (a partial index), so nobody else's sign-up pays for it.
    op.create_index(
        "ix_users_guest_until",
        "users",
        ["guest_until"],
        sqlite_where=sa.text("guest_until IS NOT NULL"),
        postgresql_where=sa.text("guest_until IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_users_guest_until", table_name="users")
    with op.batch_alter_table("users") as users:
        users.drop_column("guest_until")
