"""room for updates in place, and an index of ended sessions for the purge"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # PostgreSQL updates a row in place (HOT) where its page has room. Each rotation is such an update. Pages that are
    # full already get their room as rows are updated and vacuumed.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE auth_sessions SET (fillfactor = 80)")
    ended = sa.text("revoked_at IS NOT NULL")
    op.create_index(
        "ix_auth_sessions_revoked_at", "auth_sessions", ["revoked_at"], sqlite_where=ended, postgresql_where=ended
    )


def downgrade() -> None:
    op.drop_index("ix_auth_sessions_revoked_at", "auth_sessions")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE auth_sessions RESET (fillfactor)")
