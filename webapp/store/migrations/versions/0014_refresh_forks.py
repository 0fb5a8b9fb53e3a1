"""How often the current refresh token of a session was replaced before anybody had used it.

Old workers do not know the column, so their sessions begin with the default. A rotation of theirs leaves the
number of the generation before. That costs forks, never a session.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("auth_sessions", sa.Column("refresh_forks", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("auth_sessions", "refresh_forks")
