"""Authenticator apps and recovery codes. Each use is one conditional statement, so that of many at once one wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.store.factor_models import PASSKEYS, RECOVERY_CODES, TOTP_FACTORS


class Totp(NamedTuple):
    """An authenticator app. Times are Unix seconds, steps are of 30 seconds."""

    user_id: str
    sealed: str
    last_step: int
    created_at: int
    last_used_at: int | None


class Factors(NamedTuple):
    """What a person has beside the password."""

    has_app: bool
    passkeys: int

    @property
    def total(self) -> int:
        return self.has_app + self.passkeys

    @property
    def any(self) -> bool:
        """Whether the password alone no longer opens the account."""
        return self.total > 0


# Made once, because every login asks.
_OF_PERSON = select(
    *(
        select(func.count()).select_from(table).where(table.c.user_id == bindparam("who")).scalar_subquery()
        for table in (TOTP_FACTORS, PASSKEYS)
    )
)
_TOTP = select(*(TOTP_FACTORS.c[field] for field in Totp._fields))


def of_person(tx: Connection, user_id: str) -> Factors:
    """What the person has, in one statement."""
    row = tx.execute(_OF_PERSON, {"who": user_id}).one()
    return Factors(bool(row[0]), int(row[1]))


# The authenticator app


def app_of(tx: Connection, user_id: str) -> Totp | None:
    """The person's authenticator app."""
    row = tx.execute(_TOTP.where(TOTP_FACTORS.c.user_id == user_id)).first()
    return None if row is None else Totp._make(row)


def add_app(tx: Connection, user_id: str, sealed: str, step: int, now: int) -> bool:
    """Give the person an app whose code of `step` was just proved. False if there is one already."""
    values = {"user_id": user_id, "sealed": sealed, "last_step": step, "created_at": now, "last_used_at": now}
    try:
        with tx.begin_nested():
            tx.execute(insert(TOTP_FACTORS).values(values))
    except IntegrityError:
        return False
    return True


def use_step(tx: Connection, user_id: str, step: int, now: int) -> bool:
    """Use up the code of `step`, and of every earlier one (RFC 6238 section 5.2). False if it was used."""
    statement = update(TOTP_FACTORS).where(TOTP_FACTORS.c.user_id == user_id, TOTP_FACTORS.c.last_step < step)
    return tx.execute(statement.values(last_step=step, last_used_at=now)).rowcount == 1


def remove_app(tx: Connection, user_id: str) -> bool:
    """Take the app away. False if there was none."""
    return tx.execute(delete(TOTP_FACTORS).where(TOTP_FACTORS.c.user_id == user_id)).rowcount == 1


# What is sealed, and by which key


def count_sealed_with(tx: Connection, kid: str) -> int:
    """How many secrets open only with this key."""
    sealed = TOTP_FACTORS.c.sealed.startswith(f"{kid}.", autoescape=True)
    return int(tx.scalar(select(func.count()).select_from(TOTP_FACTORS).where(sealed)) or 0)


def page(tx: Connection, *, after: str, limit: int) -> list[Totp]:
    """Apps in the order of their owners' ids, from the one behind `after` on."""
    statement = _TOTP.where(TOTP_FACTORS.c.user_id > after).order_by(TOTP_FACTORS.c.user_id).limit(limit)
    return [Totp._make(row) for row in tx.execute(statement)]


def replace_sealed(tx: Connection, user_id: str, old: str, new: str) -> bool:
    """Keep the same secret under another key, unless the app was replaced meanwhile."""
    statement = update(TOTP_FACTORS).where(TOTP_FACTORS.c.user_id == user_id, TOTP_FACTORS.c.sealed == old)
    return tx.execute(statement.values(sealed=new)).rowcount == 1


# Recovery codes


def set_codes(tx: Connection, user_id: str, hashes: Sequence[str]) -> None:
    """Replace the person's codes; code n has the n-th hash."""
    remove_codes(tx, user_id)
    rows = [{"user_id": user_id, "number": number, "code_hash": text} for number, text in enumerate(hashes)]
    tx.execute(insert(RECOVERY_CODES), rows)


def code_hash(tx: Connection, user_id: str, number: int) -> str | None:
    """The hash of the unused code `number`."""
    codes = RECOVERY_CODES.c
    statement = select(codes.code_hash).where(codes.user_id == user_id, codes.number == number, codes.used_at.is_(None))
    return tx.scalar(statement)


def use_code(tx: Connection, user_id: str, number: int, its_hash: str, now: int) -> bool:
    """Use up the code whose hash was compared. False if it was used, or replaced by a new set, meanwhile."""
    codes = RECOVERY_CODES.c
    statement = update(RECOVERY_CODES).where(
        codes.user_id == user_id, codes.number == number, codes.code_hash == its_hash, codes.used_at.is_(None)
    )
    return tx.execute(statement.values(used_at=now)).rowcount == 1


def code_used_since(tx: Connection, user_id: str, number: int, since: int) -> str | None:
    """The hash of code `number`, if it was used at or after `since`."""
    codes = RECOVERY_CODES.c
    statement = select(codes.code_hash).where(codes.user_id == user_id, codes.number == number, codes.used_at >= since)
    return tx.scalar(statement)


def codes_left(tx: Connection, user_id: str) -> int:
    """How many unused codes the person has."""
    codes = RECOVERY_CODES.c
    unused = select(func.count()).where(codes.user_id == user_id, codes.used_at.is_(None))
    return int(tx.scalar(unused) or 0)


def remove_codes(tx: Connection, user_id: str) -> None:
    """Take all codes away."""
    tx.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.user_id == user_id))
