"""User names of deleted accounts, as hashes. They are never given out again."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, insert, select

from webapp.core.logins import username_key
from webapp.store.models import RETIRED_NAMES


def retire(tx: Connection, username: str, now: int) -> None:
    """Keep the name from being given out again."""
    if not is_retired(tx, username):
        tx.execute(insert(RETIRED_NAMES).values(key=_key(username), retired_at=now))


def is_retired(tx: Connection, username: str) -> bool:
    """Did a deleted account have this name?"""
    return tx.execute(select(RETIRED_NAMES.c.key).where(RETIRED_NAMES.c.key == _key(username))).first() is not None


def release(tx: Connection, username: str) -> bool:
    """Let the name be given out again; True if it was retired."""
    return tx.execute(delete(RETIRED_NAMES).where(RETIRED_NAMES.c.key == _key(username))).rowcount == 1


def _key(username: str) -> str:
    return hashlib.sha256(username_key(username).encode()).hexdigest()
