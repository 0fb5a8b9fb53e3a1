"""The key ring's file: made once, replaced atomically, followed by running workers."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from webapp.core.errors import KeyRingError
from webapp.core.keys import KeyRing

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
"""Seconds between looks at the file. A change must be picked up within 5 s by every worker."""


class KeyFile:
    """A JWK set on disk, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> KeyRing:
        """The ring in the file. Raises KeyRingError when it is missing or unusable."""
        try:
            return KeyRing.from_json(self.path.read_text("utf-8"))
        except FileNotFoundError:
            raise KeyRingError(f"no key ring at {self.path}; make one with: flask --app wsgi keys init") from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRingError(f"key ring {self.path} cannot be read ({type(error).__name__})") from None
        except KeyRingError as error:
            raise KeyRingError(f"key ring {self.path}: {error}") from None

    def create(self, ring: KeyRing) -> bool:
        """Write a first ring unless there is a file. True if this call made it: of many workers exactly one does."""
        draft = self._draft(ring)
        try:
            os.link(draft, self.path)  # fails if the name is taken, and never shows half a file
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def replace(self, ring: KeyRing) -> None:
        """Put another ring in the file's place, atomically."""
        os.replace(self._draft(ring), self.path)
        self._sync_directory()

    def _draft(self, ring: KeyRing) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(ring.to_json())
            file.flush()
            os.fsync(file.fileno())
        return draft

    def _sync_directory(self) -> None:
        handle = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class FollowedKeyRing:
    """The ring in use, following its file: a changed file is read within LOOK_EVERY seconds of the next request.

    A file that is broken or gone keeps the ring in use and is logged loudly: a slip of an editor must not log
    everybody out.
    """

    def __init__(self, file: KeyFile, ring: KeyRing, monotonic: Callable[[], float]) -> None:
        self._file = file
        self._monotonic = monotonic
        self._seen = self._stamp()
        self._looked_at = monotonic()
        self.ring = ring

    def current(self) -> KeyRing:
        now = self._monotonic()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self._look()
        return self.ring

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self.ring = self._file.read()
            log.warning("key ring reloaded: %s", ", ".join(f"{key.kid} {key.state}" for key in self.ring.keys))
        except KeyRingError as error:
            log.critical("KEY RING NOT USABLE, the one in memory stays in use: %s", error)

    def _stamp(self) -> tuple[int, int, int] | None:
        with suppress(OSError):
            stat = self._file.path.stat()
            return stat.st_mtime_ns, stat.st_ino, stat.st_size
        return None
