"""email addresses are found by letter case alone, no longer by compatible characters"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BATCH = 1000
_WIDTHS = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
_users = sa.table("users", sa.column("id"), sa.column("email"), sa.column("email_key"))


def upgrade() -> None:
    # Two addresses with one new key had one old key as well, and that was unique, so nothing can collide.
    _rewrite(lambda address: address.translate(_WIDTHS).lower())


def downgrade() -> None:
    _rewrite(lambda address: unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address).casefold()))


def _rewrite(key_of: Callable[[str], str]) -> None:
    connection, after = op.get_bind(), ""
    while True:
        batch = connection.execute(
            sa.select(_users.c.id, _users.c.email, _users.c.email_key)
            .where(_users.c.id > after)
            .order_by(_users.c.id)
            .limit(BATCH)
        ).all()
        for user_id, email, old in batch:
            new = old if email.isascii() else key_of(email)
            taken = sa.select(_users.c.id).where(_users.c.email_key == new)
            # On the way down two mailboxes may become one. The second then keeps its key.
            if new != old and connection.execute(taken).first() is None:
                connection.execute(sa.update(_users).where(_users.c.id == user_id).values(email_key=new))
        if len(batch) < BATCH:
            return
        after = batch[-1][0]
