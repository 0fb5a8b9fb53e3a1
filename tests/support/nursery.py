"""Servers and commands as forks of a process that has imported what they need.

Plain: `python -m gunicorn` and `python -m flask`, each a process from nothing.
Cost:  up to a second of processor time for imports; a run of the suite starts some forty servers and seventy commands.
Here:  a fork. For a server nothing of the application is imported in advance; for a command nothing is made in advance.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1

COMMAND = "flask.cli, flask_migrate, webapp.assembly"
SERVER = """gunicorn.app.wsgiapp, gunicorn.workers.gthread, apispec.ext.marshmallow, argon2, cryptography.x509, flask, \
flask_babel, flask_login, flask_sqlalchemy, flask_wtf.csrf, jwt, regex, sqlalchemy.dialects.sqlite, structlog.dev"""
"""Libraries. Not prometheus_client, because `gunicorn.conf.py` comes before it."""

PROGRAM = """
import ctypes, json, os, sys, traceback
import {imports}

def become(asked):
    if asked["server"]:
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(*{death})
    for number, name in enumerate(("given", "out", "err")):
        file = os.open(asked[name], os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = asked["argv"]
    try:
        gunicorn.app.wsgiapp.run() if asked["server"] else flask.cli.main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return 1 if isinstance(end.code, str) else end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1

for line in sys.stdin:
    asked = json.loads(line)
    if "wait" in asked:
        child, status = os.waitpid(asked["wait"], os.WNOHANG)
        print(json.dumps(os.waitstatus_to_exitcode(status) if child else None), flush=True)
        continue
    child = os.fork()
    if child == 0:
        status = become(asked)
        if asked["server"]:
            sys.exit(status)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    if not asked["server"]:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    print(child, flush=True)
"""


def end_with_parent() -> None:
    """In the child, so that a test run that is killed takes its servers along, and their database connections
    (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Nursery:
    """A process that forks when it is asked to. It ends with the thread that made it."""

    def __init__(self, imports: str) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(imports=imports, death=(PR_SET_PDEATHSIG, int(signal.SIGTERM)))],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent,
            env={k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")},
        )  # fmt: skip

    @property
    def is_gone(self) -> bool:
        return self._process.poll() is not None

    def ask(self, question: Mapping[str, Any], patience: float) -> Any:
        """Its answer. Raises TimeoutError after `patience` seconds, and then it is no more."""
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], patience)[0]:
                self._process.kill()
                raise TimeoutError
            return json.loads(self._process.stdout.readline())


class Forked:
    """What `subprocess.Popen` is for a process from nothing, as far as tests need it."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._nursery.ask({"wait": self.pid}, 20)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        """Its exit status, within `timeout` seconds. Raises `subprocess.TimeoutExpired`."""
        with suppress(AssertionError):
            until(lambda: self.poll() is not None, timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


_nurseries: dict[tuple[str, int, int], Nursery] = {}


def fork(
    imports: str, argv: Sequence[str], environment: Mapping[str, str], files: tuple[Path, Path, Path], patience: float
) -> Forked:
    """`argv` as a server (`imports` is SERVER) or as a command, which has ended when this returns. `files`: its
    standard input, output and errors. Raises TimeoutError for a command that takes longer than `patience` seconds."""
    key = (imports, os.getpid(), threading.get_native_id())  # those that threads start at the same time run so
    if key not in _nurseries or _nurseries[key].is_gone:
        _nurseries[key] = Nursery(imports)
    named = dict(zip(("given", "out", "err"), map(str, files), strict=True))
    asked = {"argv": list(argv), "environment": dict(environment), "server": imports == SERVER, **named}
    return Forked(_nurseries[key], _nurseries[key].ask(asked, patience))
