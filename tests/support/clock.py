"""A clock that is set, never slept on. Kept in a file, so that every worker process reads the same time."""

from __future__ import annotations

import time
from pathlib import Path


class SetClock:
    """Call it for the time (Unix seconds); `advance` moves it."""

    def __init__(self, path: Path, start: int | None = None) -> None:
        self.path = path
        if start is not None or not path.exists():
            self.set(start if start is not None else int(time.time()))

    def __call__(self) -> int:
        return int(self.path.read_text())

    def set(self, now: int) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(str(now))
        draft.replace(self.path)  # a worker must never read half a number

    def advance(self, seconds: int) -> int:
        self.set(self() + seconds)
        return self()
