"""The key ring's file: made once, replaced atomically, followed by running workers."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.core.errors import KeyRingError
from webapp.core.keys import KeyRing

log = logging.getLogger(__name__)

SETTLING = 1.0
"""Seconds after which a file that changed is read once more: two changes within one tick of the file system's clock
look like one."""


class KeyFile:
    """A JWK set on disk, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> KeyRing:
        """The ring in the file. Raises KeyRingError when it is missing or unusable."""
        try:
            return self._parse(self.path.read_text("utf-8"))
        except FileNotFoundError:
            raise KeyRingError(f"no key file at {self.path}; create one with: flask --app wsgi keys init") from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRingError(f"cannot read the key file {self.path} ({type(error).__name__})") from None

    def _parse(self, text: str) -> KeyRing:
        try:
            return KeyRing.from_json(text)
        except KeyRingError as error:
            raise KeyRingError(f"key ring {self.path}: {error}") from None

    def create(self, ring: KeyRing) -> bool:
        """Write a first ring unless there is a file. True if this call made it: of many workers exactly one does."""
        try:
            draft = self._draft(ring)
        except OSError as error:
            raise KeyRingError(
                f"cannot create the key file {self.path} ({type(error).__name__}); "
                "set WEBAPP_KEYS_FILE to put it elsewhere"
            ) from None
        try:
            os.link(draft, self.path)  # fails if the name is taken, and never shows half a file
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def change(self, make: Callable[[KeyRing], KeyRing]) -> tuple[KeyRing, KeyRing]:
        """Put what `make` makes of the ring in the ring's place; the ring before and the ring after.

        One at a time: of two processes that rotate at once, the second sees what the first has done. Raises
        KeyRingError, and then the file is as it was.
        """
        with self._locked():
            before = self.read()
            after = make(before)
            if after is not before:
                KeyRing.from_json(after.to_json())  # nothing is written that no worker could read
                os.replace(self._draft(after), self.path)
                self._sync_directory()
        return before, after

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A file beside it, since the ring's own file is a new one after every change.
        try:
            handle = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise KeyRingError(f"cannot change the key file {self.path} ({type(error).__name__})") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

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
    """The ring in use, following its file from request to request.

    Each request looks at the file (one `stat`, a microsecond) and never waits for its turn to look: a token that
    another worker has just signed with a new key would be unknown here, and its owner logged out.

    A file that is broken or gone keeps the ring in use and is logged loudly: a slip of an editor must not log
    everybody out either.
    """

    def __init__(
        self,
        file: KeyFile,
        ring: KeyRing | None,
        monotonic: Callable[[], float],
        on_change: Callable[[KeyRing], object] = lambda ring: None,
    ) -> None:
        """`ring` is None where a command runs that may mend the ring: whoever needs it then gets the KeyRingError."""
        self._file = file
        self._path = str(file.path)
        self._monotonic = monotonic
        self._on_change = on_change
        self._ring = ring
        self._reading = threading.Lock()
        self._seen = self._stamp()
        self._again_at: float | None = monotonic() + SETTLING

    def current(self) -> KeyRing:
        """The ring as the file has it now. Raises KeyRingError only if there never was a usable one."""
        if self._stamp() != self._seen or self._is_unsettled() or self._ring is None:
            with self._reading:
                # Whoever comes while the new ring is read waits for it, and then need not read it again.
                self._look()
        assert self._ring is not None
        return self._ring

    def _is_unsettled(self) -> bool:
        return self._again_at is not None and self._monotonic() >= self._again_at

    def _look(self) -> None:
        stamp = self._stamp()
        if self._ring is None:
            self._use(self._file.read())
        elif stamp != self._seen:
            self._read()
            self._again_at = self._monotonic() + SETTLING
        elif self._is_unsettled():
            self._read()
            self._again_at = None
        self._seen = stamp

    def _read(self) -> None:
        try:
            ring = self._file.read()
        except KeyRingError as error:
            log.critical("KEY FILE NOT USABLE; keeping the keys in memory: %s", error)
            return
        if self._ring is None or ring.keys != self._ring.keys:
            self._use(ring)
            log.warning("key ring reloaded: %s", ", ".join(f"{key.kid} {key.state}" for key in ring.keys))

    def _use(self, ring: KeyRing) -> None:
        self._ring = ring
        self._on_change(ring)

    def _stamp(self) -> tuple[int, int, int, int] | None:
        try:
            stat = os.stat(self._path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size
