"""Passkeys: public keys, and what is known of where each lives."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import Connection, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.ceremony import NewPasskey, Used
from webapp.store.factor_models import PASSKEYS
from webapp.store.models import USERS


class Passkey(NamedTuple):
    """A person's passkey. Times are Unix seconds."""

    id: str
    user_id: str
    credential_id: str
    """Base64url."""
    sign_count: int
    rp_id: str
    """The name that it belongs to. At any other it does not work."""
    backed_up: bool
    """Is it synced, so that it outlives its device?"""
    name: str
    created_at: int
    last_used_at: int | None


class Found(NamedTuple):
    """A passkey that answers, with what its answer is verified by."""

    passkey: Passkey
    public_key: bytes
    """COSE."""
    credential_epoch: int
    """Of its person, when the passkey was read."""


_PASSKEY = tuple(PASSKEYS.c[field] for field in Passkey._fields)


def of_person(tx: Connection, user_id: str) -> list[Passkey]:
    """All of the person's passkeys, the oldest first."""
    statement = select(*_PASSKEY).where(PASSKEYS.c.user_id == user_id).order_by(PASSKEYS.c.created_at, PASSKEYS.c.id)
    return [Passkey._make(row) for row in tx.execute(statement)]


def find(tx: Connection, credential_id: str) -> Found | None:
    """The passkey with this id of the authenticator's."""
    statement = select(*_PASSKEY, PASSKEYS.c.public_key, USERS.c.credential_epoch).join_from(PASSKEYS, USERS)
    row = tx.execute(statement.where(PASSKEYS.c.credential_id == credential_id)).first()
    if row is None:
        return None
    *fields, public_key, epoch = row
    return Found(Passkey._make(fields), decode_base64url(public_key), epoch)


def add(tx: Connection, user_id: str, made: NewPasskey, *, rp_id: str, name: str, now: int) -> bool:
    """Give the user a passkey. False if any user has it already (WebAuthn section 7.1)."""
    values = {
        "id": secrets.token_hex(16),
        "user_id": user_id,
        "credential_id": made.credential_id,
        "public_key": encode_base64url(made.public_key),
        "sign_count": made.sign_count,
        "rp_id": rp_id,
        "transports": made.transports,
        "backed_up": made.backed_up,
        "name": name,
        "created_at": now,
        "last_used_at": None,
    }
    try:
        with tx.begin_nested():
            tx.execute(insert(PASSKEYS).values(values))
    except IntegrityError:
        return False
    return True


def note_use(tx: Connection, passkey_id: str, used: Used, now: int) -> bool:
    """Note that the passkey was used. Its counter only rises. False if it was removed meanwhile."""
    count = PASSKEYS.c.sign_count
    values = {
        "sign_count": case((count < used.sign_count, used.sign_count), else_=count),
        "backed_up": used.backed_up,
        "last_used_at": now,
    }
    return tx.execute(update(PASSKEYS).where(PASSKEYS.c.id == passkey_id).values(values)).rowcount == 1


def rename(tx: Connection, user_id: str, passkey_id: str, name: str) -> bool:
    """Call the person's passkey `name`. False if they have none with this id."""
    statement = update(PASSKEYS).where(PASSKEYS.c.id == passkey_id, PASSKEYS.c.user_id == user_id)
    return tx.execute(statement.values(name=name)).rowcount == 1


def remove(tx: Connection, user_id: str, passkey_id: str) -> bool:
    """Take one of the person's passkeys away. False if they have none with this id."""
    statement = delete(PASSKEYS).where(PASSKEYS.c.id == passkey_id, PASSKEYS.c.user_id == user_id)
    return tx.execute(statement).rowcount == 1


def remove_all(tx: Connection, user_id: str) -> None:
    """Take all of the person's passkeys away."""
    tx.execute(delete(PASSKEYS).where(PASSKEYS.c.user_id == user_id))
