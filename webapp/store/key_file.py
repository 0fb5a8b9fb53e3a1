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
from webapp.core.key_ring import KeyRing

log = logging.getLogger(__name__)


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
        """Write a first ring unless there is a file. True if this call made it; of many workers exactly one does."""
        try:
            draft = self._draft(ring, self.path)
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

        One at a time, so that of two processes that rotate at once the second sees what the first has done. Raises
        KeyRingError, and then the file is as it was.
        """
        with self._locked():
            before = self.read()
            after = make(before)
            if after is not before:
                KeyRing.from_json(after.to_json())  # nothing is written that no worker could read
                target = self.path.resolve()  # a link stays a link
                os.replace(self._draft(after, target), target)
                _sync(target.parent)
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

    def _draft(self, ring: KeyRing, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(ring.to_json())
            file.flush()
            os.fsync(file.fileno())
        return draft


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class ReloadingKeyRing:
    """The ring in use, reloaded from its file from request to request.

    Each request looks at the file (one `stat`, a microsecond) and never waits for its turn to look. Otherwise a token
    that another worker has just signed with a new key would be unknown here, and its owner logged out. Links on the way
    to the file are followed anew at every look, since Kubernetes replaces a mounted secret by swapping one.

    A file that is broken or gone keeps the ring in use and is logged loudly. A slip of an editor must not log
    everybody out either.
    """

    def __init__(
        self, file: KeyFile, ring: KeyRing | None, on_change: Callable[[KeyRing], object] = lambda ring: None
    ) -> None:
        """`ring` is None where a command runs that may mend the ring. Its first use then raises the KeyRingError."""
        self._file = file
        self._path = str(file.path)
        self._on_change = on_change
        self._ring = ring
        self._reading = threading.Lock()
        # Nothing yet, because the file may have changed since `ring` was read.
        self._seen: tuple[int, ...] | None = ()

    def current(self) -> KeyRing:
        """The ring as the file has it now. Raises KeyRingError only if there never was a usable one."""
        if self._stamp() != self._seen or self._ring is None:
            with self._reading:
                # Requests that come while the new ring is read wait for it, and then need not read it again.
                self._reload()
        assert self._ring is not None
        return self._ring

    def _reload(self) -> None:
        stamp = self._stamp()
        if self._ring is None:
            self._use(self._file.read())
        elif stamp != self._seen:
            try:
                ring = self._file.read()
            except KeyRingError as error:
                log.critical("KEY FILE NOT USABLE; keeping the keys in memory: %s", error)
            else:
                if ring.keys != self._ring.keys:
                    self._use(ring)
                    log.warning("key ring reloaded: %s", ", ".join(f"{key.kid} {key.state}" for key in ring.keys))
        self._seen = stamp

    def _use(self, ring: KeyRing) -> None:
        self._ring = ring
        self._on_change(ring)

    def _stamp(self) -> tuple[int, ...] | None:
        """What differs between two versions of the file. Every writer of ours puts a new inode in its place."""
        try:
            stat = os.stat(self._path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_dev, stat.st_ino, stat.st_size
