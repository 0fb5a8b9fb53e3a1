"""What an administrator's shell makes of deploy/: the environment file, and the command that uses it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.server import ROOT

DEPLOY = ROOT / "deploy"


def test_the_shell_reads_the_environment_file_as_systemd_does() -> None:
    """docs/deployment.md has the shell source it, so an address with an unquoted & would lose its sslmode, and more."""
    lines = (DEPLOY / "tokenroom.env").read_text().splitlines()
    settings = [line.removeprefix("# ") for line in lines if re.match(r"(# )?[A-Z_]+=", line)]
    assert len(settings) > 6
    for setting in settings:
        name, _, value = setting.partition("=")
        script = f'{setting}\nprintf %s "${name}"'
        read = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={}).stdout
        assert read == (value[1:-1] if value[0] == "'" == value[-1] else value), name


def test_the_command_runs_as_the_service_does(tmp_path: Path) -> None:
    """Its settings, its user, files that only it can read, and the folder of the release that was asked for."""
    release, state = tmp_path / "release", tmp_path / "state"
    release.mkdir()
    state.mkdir()
    (release / ".venv").symlink_to(sys.prefix)
    for name in ("wsgi.py", "webapp", "templates", "static"):
        (release / name).symlink_to(ROOT / name)
    settings = tmp_path / "tokenroom.env"
    database = f"sqlite:///{state}/a&b.db"
    settings.write_text(f"WEBAPP_INSTANCE_PATH={state}\nWEBAPP_DATABASE_URL='{database}'\n")
    runuser = tmp_path / "runuser"
    runuser.write_text('#!/bin/sh\n[ "$1 $2 $3" = "-u tokenroom --" ] && shift 3 && exec "$@"\n')
    runuser.chmod(0o755)
    command = tmp_path / "tokenroom"
    command.write_text((DEPLOY / "tokenroom").read_text().replace("/etc/tokenroom/tokenroom.env", str(settings)))
    outside = {name: value for name, value in os.environ.items() if not name.startswith("WEBAPP_")}
    environment = outside | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TOKENROOM_RELEASE": str(release)}
    for arguments in (["keys", "init"], ["db", "upgrade"], ["users", "list"]):
        done = subprocess.run(
            ["sh", command, *arguments], env=environment, cwd="/", capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout == "There are no users.\n"
    modes = {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()}
    assert modes == {"keys.json": 0o600, "a&b.db": 0o600}
