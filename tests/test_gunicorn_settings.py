"""What gunicorn.conf.py makes of our settings, and a release in a folder with an odd name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ROOT


def environment(**settings: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")} | settings


@pytest.mark.parametrize(("given", "seconds"), [({}, 5), ({"WEBAPP_KEEP_ALIVE": " 65 "}, 65)])
def test_how_long_idle_connections_are_kept(given: dict[str, str], seconds: int) -> None:
    """A balancer that keeps its own for 60 seconds asks for more (R08)."""
    command = [sys.executable, "-m", "gunicorn", "--print-config", "wsgi:app"]
    done = subprocess.run(command, cwd=ROOT, env=environment(**given), capture_output=True, text=True, timeout=60)
    found = dict(line.split("=", 1) for line in done.stdout.replace(" ", "").splitlines() if "=" in line)
    assert found["keepalive"] == str(seconds)
    assert found["forwarder_headers"] == "[]"  # no client's header becomes environment (R02)


def test_a_release_in_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    """Alembic's options are templates, so `%` in the folder must not be read as one."""
    release = tmp_path / "100% 새 판 #2"
    release.mkdir()
    shutil.copytree(ROOT / "webapp", release / "webapp", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wsgi.py", release)
    for name in ("templates", "static"):
        (release / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    done = subprocess.run(command, cwd=release, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (release / "instance" / "tokenroom.db").exists()
