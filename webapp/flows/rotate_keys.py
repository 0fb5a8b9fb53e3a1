"""Replace signing keys while people work, and end every token of a key at once.

The file comes first and the trail second, because the file acts, in every worker, from its next request on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.errors import KeyRingError
from webapp.core.events import Event
from webapp.core.key_ring import KeyRing
from webapp.core.keys import FACTORS, VERIFY, Key, generate
from webapp.core.lifetimes import Lifetimes
from webapp.store import events, factors
from webapp.store.database import read, transact
from webapp.store.key_file import KeyFile


class Rotation(NamedTuple):
    added: list[Key]
    dropped: list[Key]
    """Keys that no living token needs any more; they left the file."""


def keep_verifying(lifetimes: Lifetimes) -> int:
    """Seconds a key must go on verifying after it stopped signing.

    This holds for either purpose. An expired access token is still shown beside its refresh token (case 2, and the API
    asks for it). So is an expired refresh token within the renewal window (case 3).
    """
    return lifetimes.refresh_token + lifetimes.renewal_window


def rotate_keys(file: KeyFile, algorithms: dict[str, str], lifetimes: Lifetimes, now: int) -> Rotation:
    """Let a new key sign for each purpose in `algorithms` (purpose -> algorithm).

    Raises KeyRingError; then nothing has changed.
    """
    # Made before the file is locked: RSA takes its time.
    new = [generate(purpose, alg, now) for purpose, alg in algorithms.items()]

    def work(ring: KeyRing) -> KeyRing:
        for key in new:
            ring = ring.rotate(key, now)
        return ring.without_needless(now, keep_verifying(lifetimes))

    before, after = file.change(work)
    kids = {key.kid for key in after.keys}
    return Rotation(new, [key for key in before.keys if key.kid not in kids])


def stage_keys(file: KeyFile, algorithms: dict[str, str], now: int) -> list[Key]:
    """Add a new key for each purpose in `algorithms` that verifies and does not sign yet. Raises KeyRingError."""
    new = [generate(purpose, alg, now) for purpose, alg in algorithms.items()]

    def work(ring: KeyRing) -> KeyRing:
        for key in new:
            ring = ring.stage(key)
        return ring

    file.change(work)
    return new


def activate_key(file: KeyFile, kid: str, now: int) -> Key:
    """Let a staged key sign. Raises KeyRingError if it is unknown, signs already or is retired."""
    _, after = file.change(lambda ring: ring.activate(kid, now))
    key = after.find(kid)
    assert key is not None
    return key


def retire_key(file: KeyFile, kid: str) -> Key:
    """End every token signed with `kid`. Raises KeyRingError if it is unknown, still signs or is still needed.

    A sealing key is needed while a stored secret opens only with it (DatabaseUnavailable: nobody can say).
    """
    named = file.read().find(kid)
    if named is not None and named.purpose == FACTORS and named.state == VERIFY:
        needed = read(lambda tx: factors.count_sealed_with(tx, kid))
        if needed:
            raise KeyRingError(f"key {kid} still seals {needed} secret(s); run: flask --app wsgi factors reseal")
    _, after = file.change(lambda ring: ring.retire(kid))
    key = after.find(kid)
    assert key is not None
    return key


def record_keys(event: Event, keys: Collection[Key], now: int) -> None:
    """Write `keys.rotated` or `keys.retired` into the trail. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> None:
        for key in keys:
            events.record(tx, event, at=now, kid=key.kid, purpose=key.purpose, alg=key.alg)

    transact(work)
