"""A Redis of a test's own, which may be killed, started again and frozen."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import redis

from tests.support.cluster import lasting_port
from tests.support.server import end_with_parent
from tests.support.waiting import is_listening, until

REDIS_SERVER = shutil.which("redis-server")


class RedisServer:
    """It keeps nothing on disk, so it is empty when it is started again. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = lasting_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        assert REDIS_SERVER
        command = [REDIS_SERVER, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        with (self.folder / "redis.log").open("ab") as log:
            process = self.process = subprocess.Popen(
                [*command, "--save", "", "--appendonly", "no"], stdout=log, stderr=log, preexec_fn=end_with_parent
            )
        until(lambda: is_listening(self.port) or process.poll() is not None, what="Redis starts")
        assert process.poll() is None, (self.folder / "redis.log").read_text()[-3000:]

    def stop(self) -> None:
        """Kill it: every connection is refused from now on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def freeze(self) -> None:
        """Connections are accepted and nothing is ever answered."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def as_new(self) -> None:
        """Running, answering and empty, whatever happened to it."""
        self.stop()
        self.start()

    def keys(self, pattern: str) -> list[str]:
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            return [key.decode() for key in client.keys(pattern)]
