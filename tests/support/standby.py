"""Two PostgreSQL servers of a test's own: a primary, and a standby that each COMMIT waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from tests.support.cluster import Cluster

NAME = "tokenroom_standby"


class Standby(Cluster):
    """Made from `primary`, which must be running. Follows it until it is promoted."""

    def __init__(self, folder: Path, primary: Cluster) -> None:
        super().__init__(folder)
        self.primary = primary

    def _make(self) -> None:
        command = ["pg_basebackup", "-D", str(self.data), "-X", "stream", "-c", "fast", "--no-sync", "-R"]
        self._run(str(self.bin / command[0]), *command[1:], "-d", f"{self.primary.address}?application_name={NAME}")

    def promote(self) -> None:
        """Make it the primary. Returns once it takes writes."""
        self._control("promote")

    def stall(self, sig: signal.Signals = signal.SIGSTOP) -> None:
        """Freeze what receives the log (SIGCONT: thaw it). A COMMIT on the primary waits, everything else works."""
        found = subprocess.run(["pgrep", "-P", str(self.processes()[0]), "-f", "walreceiver"], capture_output=True)
        for process in found.stdout.split():
            os.kill(int(process), sig)


class Pair:
    """A primary and its synchronous standby. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.primary = Cluster(folder / "primary", max_connections="60")
        self.folder = folder

    def __enter__(self) -> Pair:
        self.primary.__enter__()
        self.standby = Standby(self.folder / "standby", self.primary)
        try:
            self.standby.__enter__()
        except BaseException:
            self.primary.__exit__()
            raise
        self.synchronous(NAME)
        return self

    def synchronous(self, names: str) -> None:
        """Whom each COMMIT waits for; "" for nobody. Returns once it is so."""
        with psycopg.connect(self.primary.address, autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
            admin.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + 20
            state = "SELECT coalesce(max(sync_state), '') FROM pg_stat_replication"
            while time.monotonic() < deadline:
                row = admin.execute(state).fetchone()
                if row and (row[0] == "sync") == bool(names):
                    return
                time.sleep(0.05)  # a standby that connects, not a clock that runs
        raise AssertionError("the standby is not synchronous")

    @property
    def address(self) -> str:
        """Both servers, in the form of libpq."""
        both = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://postgres@{both}/postgres"

    def __exit__(self, *_: object) -> None:
        self.standby.__exit__()
        self.primary.__exit__()
