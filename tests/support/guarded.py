"""Servers whose rate limits are on, and which count how many password hashes they compute."""

from __future__ import annotations

from pathlib import Path

from tests.support.server import Server


class GuardedServer(Server):
    """`hashes()`: password hashes computed so far, in all workers together."""

    def hashes(self) -> int:
        path = self.folder / "hashes"
        return path.stat().st_size if path.exists() else 0


def guarded_at(folder: Path, database_url: str | None = None, **settings: str) -> GuardedServer:
    on = {"WEBAPP_RATE_LIMITS": "on", "WEBAPP_TEST_HASHES": str(folder / "hashes"), **settings}
    return GuardedServer(folder, database_url, settings=on)
