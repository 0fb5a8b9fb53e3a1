"""Challenges of passkeys that were answered: each counts once. Nobody without a passkey writes a row."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from webapp.store.counters import insert_of
from webapp.store.factor_models import SPENT


def use(tx: Connection, nonce: str, expires_at: int) -> bool:
    """Use up the challenge `nonce`, which is too old to count at `expires_at` anyway. False if it was used before."""
    statement = insert_of(tx.dialect.name)(SPENT).values(nonce=nonce, expires_at=expires_at).on_conflict_do_nothing()
    # Not by the row count, which drivers do not tell of an INSERT.
    return tx.execute(statement.returning(SPENT.c.nonce)).first() is not None


def sweep(tx: Connection, *, now: int, at_most: int) -> int:
    """Delete challenges that would be refused for their age anyway; how many."""
    over = select(SPENT.c.nonce).where(SPENT.c.expires_at <= now).limit(at_most)
    return tx.execute(delete(SPENT).where(SPENT.c.nonce.in_(over))).rowcount
