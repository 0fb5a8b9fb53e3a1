"""Add, rename and remove a person's own passkeys. The first factor on, and any one off, ends every other session."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core import ceremony
from webapp.core.ceremony import Ceremony, NewPasskey, Site
from webapp.core.demands import Demands
from webapp.core.errors import FieldError
from webapp.core.freshness import BY_PASSKEY
from webapp.core.session import SessionRow
from webapp.core.text import clean_name
from webapp.flows.client import Client
from webapp.flows.own_factors import add_factor, note_added, remove_factor
from webapp.flows.prove_factor import Count
from webapp.flows.prove_passkey import PASSKEY, Presented, spend
from webapp.store import factors, passkeys
from webapp.store.addresses import Contact
from webapp.store.database import read, transact
from webapp.store.passkeys import Passkey

MOST = 20
"""Passkeys a person may have."""


class Made(NamedTuple):
    """A passkey that was made and is not stored yet."""

    passkey: NewPasskey
    ceremony: Ceremony
    site: Site
    name: str


def list_passkeys(user_id: str) -> list[Passkey]:
    """The person's passkeys, the oldest first. Raises DatabaseUnavailable."""
    return read(lambda tx: passkeys.of_person(tx, user_id))


def check_made(presented: Presented, name: str) -> Made:
    """What the browser made (WebAuthn Level 3 section 7.1). Raises FieldError for the name, or Refused."""
    cleaned = _clean(name)
    answer = ceremony.read_answer(presented.answer)
    made = ceremony.verify_creation(answer, presented.ceremony, presented.site)
    return Made(made, presented.ceremony, presented.site, cleaned)


def add_passkey(
    session: SessionRow, made: Made, *, demands: Demands, count: Count, client: Client, now: int
) -> list[str]:
    """Store the passkey. Returns new recovery codes if it is the person's first factor.

    Raises FieldError (`credential` taken or too_many; `email` unconfirmed, where mail is on), Refused, TooManyTries (of
    new codes), SessionOver or DatabaseUnavailable.
    """

    def insert(tx: Connection, person: Contact, hashes: list[str]) -> bool:
        return insert_passkey(tx, person, made, hashes, session.sid, client, now)

    return add_factor(session, BY_PASSKEY, insert, demands, count, client, now)


def insert_passkey(
    tx: Connection, person: Contact, made: Made, hashes: list[str], sid: str | None, client: Client, now: int
) -> bool:
    """Store the passkey; with a first factor the recovery codes too. True if it is the first. The user's row is held.

    Raises FieldError or Refused.
    """
    has = factors.of_person(tx, person.id)
    if has.passkeys >= MOST:
        raise FieldError("credential", "too_many")
    spend(tx, made.ceremony)
    if not passkeys.add(tx, person.id, made.passkey, rp_id=made.site.rp_id, name=made.name, now=now):
        raise FieldError("credential", "taken")
    note_added(tx, person, PASSKEY, hashes if not has.any else (), sid, client, now)
    return not has.any


def rename_passkey(user_id: str, passkey_id: str, name: str) -> bool:
    """Call a passkey `name`. False if the person has none with this id. Raises FieldError or DatabaseUnavailable."""
    cleaned = _clean(name)
    return transact(lambda tx: passkeys.rename(tx, user_id, passkey_id, cleaned))


def remove_passkey(session: SessionRow, passkey_id: str, *, demands: Demands, client: Client, now: int) -> bool:
    """Remove a passkey; with the last factor the recovery codes too. False if the person has none with this id.

    Raises Demanded, SessionOver or DatabaseUnavailable.
    """

    def remove(tx: Connection) -> bool:
        return passkeys.remove(tx, session.user_id, passkey_id)

    return remove_factor(session, PASSKEY, remove, demands, client, now)


def _clean(name: str) -> str:
    try:
        cleaned = clean_name(name)
    except ValueError as error:
        raise FieldError("name", str(error)) from None
    if not cleaned:
        raise FieldError("name", "missing")
    return cleaned
