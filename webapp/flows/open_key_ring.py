"""Open the key ring at the start. Development makes missing keys, production demands them."""

from __future__ import annotations

import logging

from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing, new_ring
from webapp.core.keys import ACCESS, FACTORS, generate, new_secret
from webapp.store.key_file import KeyFile

log = logging.getLogger(__name__)


def make_key_ring(file: KeyFile, algorithm: str, now: int) -> bool:
    """Write a first ring whose access tokens are signed with `algorithm`. True if this call made it.

    It has a key of each purpose, because a new site's hosts all run this release, and authenticator apps work from
    the start.
    """
    return file.create(new_ring([generate(ACCESS, algorithm, now)], now).rotate(new_secret(FACTORS, now), now))


def open_key_ring(file: KeyFile, wanted: str, now: int, *, may_make: bool) -> KeyRing:
    """The ring to start with, whose access tokens are signed with the algorithm `wanted`.

    `may_make`: make the keys that are missing, as development does. Raises KeyRingError with the command that mends it.
    """
    if may_make and not file.path.exists():
        make_key_ring(file, wanted, now)
    ring = file.read()
    if may_make and ring.sealing_key is None:
        # Asked again under the file's lock, as below, because a ring of an earlier release has none.
        _, ring = file.change(lambda held: held if held.sealing_key else held.rotate(new_secret(FACTORS, now), now))
    active = ring.active(ACCESS).alg
    if active == wanted:
        return ring
    if not may_make:
        raise KeyRingError(
            f"access tokens are signed with {active}, but WEBAPP_ACCESS_ALGORITHM is {wanted}; "
            f"run: flask --app wsgi keys rotate --purpose access --algorithm {wanted}"
        )
    # Asked again under the file's lock, so that one of several starting workers adds the key.
    _, ring = file.change(
        lambda held: held if held.active(ACCESS).alg == wanted else held.rotate(generate(ACCESS, wanted, now), now)
    )
    log.warning("access tokens were signed with %s and now are with %s", active, wanted)
    return ring
