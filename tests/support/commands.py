"""Commands, run as processes of their own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.server import ROOT, end_with_parent

NURSERY = """
import json, os, sys, traceback
import flask.cli, webapp.assembly
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        for number, name in enumerate(("given", "out", "err")):
            os.dup2(os.open(asked[name], os.O_RDONLY if number == 0 else os.O_WRONLY), number)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["flask", "--app", "wsgi", *asked["arguments"]]
        status = 1
        try:
            flask.cli.main()
        except SystemExit as end:
            status = end.code or 0
            if isinstance(status, str):
                print(status, file=sys.stderr)
                status = 1
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A process that has imported the application and made nothing of it. A command is its child: a process as fresh as one
that was started from nothing, without the second which importing takes."""


PATIENCE = 60.0
"""Seconds a command may take."""


_nurseries: dict[tuple[int, int], subprocess.Popen[str]] = {}


def _nursery() -> subprocess.Popen[str]:
    """One a thread, because commands that are to run at the same time do, and it dies with the thread that made it."""
    key = (os.getpid(), threading.get_native_id())
    if key not in _nurseries or _nurseries[key].poll() is not None:
        _nurseries[key] = subprocess.Popen(
            [sys.executable, "-c", NURSERY], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=end_with_parent, env={k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")},
        )  # fmt: skip
    return _nurseries[key]


def run_command(
    settings: Mapping[str, str], *arguments: str, given: str = "", fails: bool = False
) -> subprocess.CompletedProcess[str]:
    """`flask --app wsgi ARGUMENTS`, with `given` on standard input. It must end well, or badly where it `fails`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")} | dict(settings)
    nursery = _nursery()
    assert nursery.stdin
    assert nursery.stdout
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("given", "out", "err")}
        for path in files.values():
            path.write_text(given if path.name == "given" else "")
        asked: dict[str, Any] = {name: str(path) for name, path in files.items()}
        asked |= {"environment": environment, "arguments": arguments}
        nursery.stdin.write(json.dumps(asked) + "\n")
        nursery.stdin.flush()
        ready, _, _ = select.select([nursery.stdout], [], [], PATIENCE)
        if not ready:
            nursery.kill()
            raise AssertionError(f"{arguments}: no end after {PATIENCE:.0f} s\n{files['err'].read_text()}")
        status = int(nursery.stdout.readline())
        done = subprocess.CompletedProcess(arguments, status, files["out"].read_text(), files["err"].read_text())
    assert (done.returncode != 0) is fails, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done
