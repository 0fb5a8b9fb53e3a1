"""A real PgBouncer between the application and PostgreSQL, as Debian has it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.databases import ADMIN
from tests.support.server import end_with_parent, free_port

PGBOUNCER = shutil.which("pgbouncer") or (path if os.path.exists(path := "/usr/sbin/pgbouncer") else None)


class PgBouncer:
    """In front of one database. Use as a context manager; `address` is the way through it."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        behind, name = urlsplit(ADMIN), database_url.rpartition("/")[2]
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/{name}"
        options = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": "4",
            **settings,
        }
        database = f"{name} = host={behind.hostname} port={behind.port or 5432} dbname={name} user=postgres"
        self.configuration = folder / "pgbouncer.ini"
        self.configuration.write_text(
            "[databases]\n" + database + "\n[pgbouncer]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
        )
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PgBouncer:
        assert PGBOUNCER
        user = ["-u", "postgres"] if os.getuid() == 0 else []  # it refuses to run as root
        with (self.folder / "pgbouncer.log").open("wb") as log, self.configuration.open("rb") as given:
            self.process = subprocess.Popen(
                [PGBOUNCER, "-q", *user, "/dev/stdin"],
                stdin=given, stdout=log, stderr=log, preexec_fn=end_with_parent,
            )  # fmt: skip
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)  # a process that starts, not a clock that runs
            else:
                return self
        raise AssertionError(f"PgBouncer did not start: {(self.folder / 'pgbouncer.log').read_text()}")

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(10)
