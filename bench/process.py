"""One gunicorn with one worker, and what the kernel says it used."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from bench.load import request, send

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).resolve().parents[1]


class Worker:
    """`module:app` under gunicorn on a free port of 127.0.0.1. Use as a context manager."""

    def __init__(self, python: Path, module: str, environment: Mapping[str, str], log: Path, *arguments: str) -> None:
        self.python, self.module, self.log = python, module, log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WEBAPP_")}
        self.environment = kept | {"PYTHONPATH": f"{ROOT}:{APPS}"} | dict(environment)
        self.arguments = arguments
        self.port = 0
        self.start_seconds = 0.0

    def __enter__(self) -> Worker:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [str(self.python), "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", *self.arguments]
        started = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, f"{self.module}:app"], cwd=APPS, env=self.environment, stdout=log, stderr=log
            )
        try:
            self._await(started)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _await(self, started: float) -> None:
        while time.perf_counter() - started < 60:
            try:
                # The socket listens before the worker can answer; the answer counts.
                send(self.port, [request("GET", "/healthz")])
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.01)
            else:
                self.start_seconds = time.perf_counter() - started
                return
        raise SystemExit(f"bench: {self.module} did not start:\n{self.log.read_text()[-3000:]}")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self) -> int:
        """The worker's."""
        master = self.process.pid
        return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])

    def cpu(self) -> float:
        """Seconds of processor time the worker has used, in nanosecond steps (`/proc/<pid>/schedstat`)."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> tuple[float, float]:
        """Resident and proportional set size, in megabytes of 10^6 bytes."""
        found = {}
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, value = line.partition(":")
            found[name] = int(value.split()[0]) * 1024 / 1e6
        return found["Rss"], found["Pss"]
