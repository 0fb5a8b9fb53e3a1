"""Guests of the lab: accounts with an end. The statements that nothing else needs."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from webapp.store.models import SECURITY_EVENTS, USERS


def mark(tx: Connection, user_id: str, until: int) -> None:
    """Make this person a guest, whose account is deleted after `until` (Unix seconds)."""
    tx.execute(update(USERS).where(USERS.c.id == user_id).values(guest_until=until))


def until(tx: Connection, user_id: str) -> int | None:
    """When this guest's account is deleted (Unix seconds); None for every other account."""
    return tx.execute(select(USERS.c.guest_until).where(USERS.c.id == user_id)).scalar()


def purge(tx: Connection, *, now: int, at_most: int) -> int:
    """Delete guests whose time is over, with all they have: sessions, lab requests and events. How many guests.

    An administrator is spared.
    """
    chosen = (
        select(USERS.c.id)
        # The role, because no guest becomes an administrator now, but one may have before this was refused.
        .where(USERS.c.guest_until <= now, USERS.c.role != "admin")
        .order_by(USERS.c.guest_until)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    ids = list(tx.execute(chosen).scalars())
    if ids:
        # Events keep no foreign key, so they would outlive the guest. The rest goes with the row.
        tx.execute(delete(SECURITY_EVENTS).where(SECURITY_EVENTS.c.user_id.in_(ids)))
        tx.execute(delete(USERS).where(USERS.c.id.in_(ids)))
    return len(ids)
