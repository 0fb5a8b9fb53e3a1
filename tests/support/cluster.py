"""A PostgreSQL of a test's own, which may be stopped, killed and filled up."""

from __future__ import annotations

import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path


def programs() -> Path | None:
    """Where initdb and pg_ctl are."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"))
    beside = shutil.which("pg_ctl")
    return Path(found[-1]).parent if found else Path(beside).resolve().parent if beside else None


def lasting_port() -> int:
    """A free port that stays free while nobody listens, because outgoing connections get none of its range."""
    while True:
        port = random.randrange(15000, 30000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Cluster:
    """Use as a context manager; it runs from then on unless stopped. `folder` is for its logs."""

    def __init__(self, folder: Path, certificate: Path | None = None, **settings: str) -> None:
        """`certificate`: a folder with `cert.pem` and `key.pem`; with it the server speaks TLS, too."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.certificate = certificate
        self.port = lasting_port()
        self.settings = {"fsync": "off", "unix_socket_directories": "''", **settings}
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        bin_ = programs()
        assert bin_
        self.bin = bin_

    def _run(self, *command: str) -> None:
        # PostgreSQL refuses to run as root.
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        # Into a file, because the server that pg_ctl starts inherits it and a pipe would never end.
        with (self.folder / "commands.log").open("ab") as log:
            subprocess.run([*prefix, *command], check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self) -> Cluster:
        # Not in a folder of pytest's, because another run of pytest closes them all to other users.
        self.home = Path(tempfile.mkdtemp(prefix="tokenroom-postgres-"))
        self.data = self.home / "data"
        if os.getuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
        self._make()
        if self.certificate is not None:
            self._speak_tls(self.certificate)
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in self.settings.items())
        self.start()
        return self

    def _make(self) -> None:
        self._run(str(self.bin / "initdb"), "-D", str(self.data), "-A", "trust", "-U", "postgres", "--no-sync")

    def _speak_tls(self, certificate: Path) -> None:
        for name, source in (("server.crt", "cert.pem"), ("server.key", "key.pem")):
            target = self.data / name
            shutil.copy(certificate / source, target)
            target.chmod(0o600)
            if os.getuid() == 0:
                shutil.chown(target, "postgres", "postgres")
        self.settings["ssl"] = "on"

    def _control(self, *arguments: str) -> None:
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.data), "-s", "-w", *arguments)

    def start(self) -> None:
        log = str(self.home / "postgres.log")
        self._control("-l", log, "-o", f"-p {self.port} -c listen_addresses=127.0.0.1", "start")

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends the connections, `immediate` is a crash."""
        self._control("-m", mode, "stop")

    def allow(self, *rules: str) -> None:
        """Who may come in, in the words of pg_hba.conf; from the next connection on."""
        (self.data / "pg_hba.conf").write_text("".join(f"{rule}\n" for rule in rules))
        self._control("reload")

    def processes(self) -> list[int]:
        """Process ids of the server: its first process and all that it started."""
        first = (self.data / "postmaster.pid").read_text().split()[0]
        found = subprocess.run(["pgrep", "-P", first], capture_output=True, text=True).stdout.split()
        return [int(first), *map(int, found)]

    def signal(self, sig: signal.Signals) -> None:
        """SIGKILL is a machine that dies, SIGSTOP one that freezes, SIGCONT one that thaws."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, sig)

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.signal(signal.SIGCONT)
        with suppress(subprocess.CalledProcessError):  # stopped already
            self.stop("immediate")
        shutil.move(self.home / "postgres.log", self.folder)
        shutil.rmtree(self.home)
