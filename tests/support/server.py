"""Real gunicorn processes for tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from tests.support.browser import Browser, over_http
from tests.support.clock import SetClock
from tests.support.databases import migrate
from tests.support.nursery import ROOT, SERVER, Forked, end_with_parent, fork
from tests.support.waiting import until
from webapp import create_app

CHEAP_HASHING = {"WEBAPP_TEST_HASHING": "cheap"}
"""Setting of a server whose tests are not about the strength of passwords."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The application under gunicorn, with a clock that is set. Use as a context manager."""

    def __init__(
        self,
        folder: Path,
        database_url: str | None = None,
        *,
        workers: int = 4,
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        fresh: bool = False,
    ) -> None:
        """`fresh`: a process from nothing, for tests that are about how a server starts."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.workers = workers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock = SetClock(folder / "clock")
        self.log = folder / "gunicorn.log"
        self.settings = {
            "WEBAPP_INSTANCE_PATH": str(folder),
            "WEBAPP_PUBLIC_URL": self.url,
            "WEBAPP_RATE_LIMITS": "off",
            **({"WEBAPP_DATABASE_URL": database_url} if database_url else {}),
            **(settings or {}),
        }
        self.arguments = list(arguments)
        self.fresh = fresh
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def __enter__(self) -> Server:
        migrate(create_app(self.settings))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)  # at once, because browsers that are still connected are tests that are over

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")} | self.settings
        environment |= {"WEBAPP_TEST_CLOCK": str(self.clock.path), "WEB_CONCURRENCY": str(self.workers)}
        # Several servers share one PostgreSQL's hundred connections.
        options = ["-c", "gunicorn.conf.py", "-b", f"127.0.0.1:{self.port}", "--threads", "2", *self.arguments]
        options += ["tests.support.serving:make_app()"]
        process: subprocess.Popen[bytes] | Forked
        with self.log.open("ab") as log:
            if self.fresh:
                process = subprocess.Popen(
                    [sys.executable, "-m", "gunicorn", *options],
                    cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
                    preexec_fn=end_with_parent,
                )  # fmt: skip
            else:
                files = (Path(os.devnull), self.log, self.log)
                process = fork(SERVER, ["gunicorn", *options], environment, files, patience=20)
        self.process = process
        until(lambda: self._answers() or process.poll() is not None, seconds=30, what="gunicorn starts")
        assert process.poll() is None, f"gunicorn did not start:\n{self.log.read_text()[-3000:]}"

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError), over_http() as client:
            return client.get(f"{self.url}/healthz", timeout=1).status_code == 200
        return False

    def stop(self, sig: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        self.process = None

    def browser(self) -> Browser:
        return Browser.of_server(self.url)
