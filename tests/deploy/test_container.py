"""deploy/Containerfile and compose.yaml, as far as they can be tried without a container engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ROOT

LINES = (ROOT / "deploy" / "Containerfile").read_text().splitlines()
COPIED = [line.split()[1:-1] for line in LINES if line.startswith("COPY ")]


def test_what_is_copied_is_enough_to_run(tmp_path: Path) -> None:
    """Only these files in a read-only folder: the commands of compose.yaml work, and gunicorn takes the rest."""
    release, data = tmp_path / "app", tmp_path / "data"
    release.mkdir()
    data.mkdir()
    for name in (name for names in COPIED for name in names):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, release / name)
    release.chmod(0o555)
    environment = {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://login.example.com"}
    environment |= {"WEBAPP_INSTANCE_PATH": str(data), "PYTHONDONTWRITEBYTECODE": "1"}
    for command in (
        ["flask", "--app", "wsgi", "keys", "init"],
        ["flask", "--app", "wsgi", "db", "upgrade"],
        ["gunicorn", "--check-config", "wsgi:app"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=release, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
    release.chmod(0o755)
    assert {path.name for path in data.iterdir()} >= {"keys.json", "tokenroom.db"}


@pytest.mark.parametrize("rule", [r"^USER \d+$", r"--require-hashes", r"^HEALTHCHECK "])
def test_the_image_is_made_as_it_should(rule: str) -> None:
    """No root, no package without its hash, and an engine that asks whether it is well."""
    assert any(re.search(rule, line) for line in LINES)
