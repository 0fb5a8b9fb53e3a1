"""What operators and their commands ask about the factors of many people."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, exists, func, select

from webapp.store.factor_models import PASSKEYS, TOTP_FACTORS
from webapp.store.models import USERS

KINDS = {"totp": TOTP_FACTORS, "passkey": PASSKEYS}


def kinds_of(tx: Connection, user_ids: Collection[str]) -> dict[str, list[str]]:
    """Kinds of factors (`totp`, `passkey`) by user id. People without one are left out."""
    found: dict[str, list[str]] = {}
    for kind, table in KINDS.items():
        for user_id in tx.scalars(select(table.c.user_id).where(table.c.user_id.in_(user_ids)).distinct()):
            found.setdefault(str(user_id), []).append(kind)
    return found


def admins_without(tx: Connection, *, at_most: int) -> list[str]:
    """User names of active administrators whose password alone opens the account."""
    has = [exists().where(table.c.user_id == USERS.c.id) for table in KINDS.values()]
    bare = select(USERS.c.username).where(
        USERS.c.role == "admin", USERS.c.disabled_at.is_(None), *(~each for each in has)
    )
    return [str(name) for name in tx.scalars(bare.order_by(USERS.c.username_key).limit(at_most))]


def apps(tx: Connection) -> int:
    """How many authenticator apps there are."""
    return int(tx.scalar(select(func.count()).select_from(TOTP_FACTORS)) or 0)


def passkeys_elsewhere(tx: Connection, rp_id: str) -> int:
    """How many passkeys are bound to another relying party than `rp_id`, so that they work here no longer."""
    other = select(func.count()).select_from(PASSKEYS).where(PASSKEYS.c.rp_id != rp_id)
    return int(tx.scalar(other) or 0)
