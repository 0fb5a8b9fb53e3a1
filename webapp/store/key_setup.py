"""The key ring at the start: made in development, demanded in production."""

from __future__ import annotations

from webapp.config import Settings
from webapp.core.errors import KeyRingError
from webapp.core.keys import ACCESS, KeyRing, new_ring, new_secret
from webapp.store.key_file import KeyFile


def open_key_ring(file: KeyFile, settings: Settings, now: int) -> KeyRing:
    """The ring to start with. Raises KeyRingError with the command that mends it."""
    if not settings.production and not file.path.exists():
        file.create(new_ring([new_secret(ACCESS, now)], now))
    ring = file.read()
    active = ring.active(ACCESS).alg
    if active != settings.access_algorithm:
        raise KeyRingError(
            f"access tokens are signed with {active}, but WEBAPP_ACCESS_ALGORITHM is {settings.access_algorithm}; "
            f"run: flask --app wsgi keys rotate --purpose access --algorithm {settings.access_algorithm}"
        )
    return ring
