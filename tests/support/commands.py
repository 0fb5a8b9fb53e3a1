"""Commands, run as processes of their own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.nursery import COMMAND, fork

PATIENCE = 60.0
"""Seconds a command may take."""


def run_command(
    settings: Mapping[str, str], *arguments: str, given: str = "", fails: bool = False
) -> subprocess.CompletedProcess[str]:
    """`flask --app wsgi ARGUMENTS`, with `given` on standard input. It must end well, or badly where it `fails`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")} | dict(settings)
    with tempfile.TemporaryDirectory() as folder:
        files = (Path(folder) / "given", Path(folder) / "out", Path(folder) / "err")
        for path in files:
            path.write_text(given if path.name == "given" else "")
        try:
            process = fork(COMMAND, ["flask", "--app", "wsgi", *arguments], environment, files, PATIENCE)
        except TimeoutError:
            raise AssertionError(f"{arguments}: no end after {PATIENCE:.0f} s\n{files[2].read_text()}") from None
        done = subprocess.CompletedProcess(arguments, process.wait(5), *(path.read_text() for path in files[1:]))
    assert (done.returncode != 0) is fails, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done
