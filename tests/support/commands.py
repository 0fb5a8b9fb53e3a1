"""Commands, run as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.support.server import ROOT


def run_command(
    settings: Mapping[str, str], *arguments: str, given: str = "", fails: bool = False
) -> subprocess.CompletedProcess[str]:
    """`flask --app wsgi ARGUMENTS`, with `given` on standard input. It must end well, or badly where it `fails`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")} | dict(settings)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode != 0) is fails, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done
