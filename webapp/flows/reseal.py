"""Seal the secrets of all authenticator apps with the present key, so that an earlier one can be retired."""

from __future__ import annotations

from typing import NamedTuple

from webapp.core.sealing import CannotOpen, Safe
from webapp.store import factors
from webapp.store.database import read, transact
from webapp.store.factors import Totp

BATCH = 200


class Resealed(NamedTuple):
    done: int
    lost: int
    """Secrets whose key is gone. Their owners need a recovery code, or a reset by an administrator."""


def belongs_to(user_id: str) -> str:
    """What the secret of a person's app is bound to. Another person's row does not open with it."""
    return f"totp:{user_id}"


def reseal(safe: Safe) -> Resealed:
    """Reseal whatever another key sealed. Safe while people log in, and twice. Raises DatabaseUnavailable.

    Each secret is a transaction of its own, and only a row that is still as it was read is changed.
    """
    done = lost = 0
    after = ""
    while rows := _read_page(after):
        for row in rows:
            if safe.is_current(row.sealed):
                continue
            new = resealed(safe, row)
            lost += new is None
            done += new is not None and _replace(row, new)
        after = rows[-1].user_id
    return Resealed(done, lost)


def resealed(safe: Safe, row: Totp) -> str | None:
    """The secret of `row` under the present key; None if its key is gone."""
    try:
        return safe.seal(safe.open(row.sealed, belongs_to(row.user_id)), belongs_to(row.user_id))
    except CannotOpen:
        return None


def _read_page(after: str) -> list[Totp]:
    return read(lambda tx: factors.page(tx, after=after, limit=BATCH))


def _replace(row: Totp, new: str) -> bool:
    return transact(lambda tx: factors.replace_sealed(tx, row.user_id, row.sealed, new))
