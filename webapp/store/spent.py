"""Challenges that were answered. The statement of the upkeep."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from webapp.store.factor_models import SPENT


def sweep(tx: Connection, *, now: int, at_most: int) -> int:
    """Delete challenges that would be refused for their age anyway; how many."""
    over = select(SPENT.c.nonce).where(SPENT.c.expires_at <= now).limit(at_most)
    return tx.execute(delete(SPENT).where(SPENT.c.nonce.in_(over))).rowcount
