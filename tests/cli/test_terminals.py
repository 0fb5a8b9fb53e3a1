"""Commands in terminals that are not UTF-8: listings are printed, and passwords are the same as in the browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.app import build_app
from tests.support.browser import Browser
from tests.support.databases import migrate
from tests.support.server import ROOT

NAME = "홍길동 é 🦊"
PASSWORD = "비밀번호 é 🦊 아주 길게"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminals")
    app = build_app(folder, {})
    migrate(app)
    return folder


def run(folder: Path, encoding: str, *arguments: str, given: bytes = b"") -> bytes:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")}
    environment |= {"WEBAPP_INSTANCE_PATH": str(folder), "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, input=given, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


@pytest.mark.parametrize("encoding", ["latin-1", "euc-kr"])
def test_listings_are_printed(folder: Path, encoding: str) -> None:
    """Characters that the encoding lacks are escaped; JSON has the very name in any of them."""
    username = f"u-{encoding}"
    run(folder, encoding, "users", "create", username, f"{username}@example.com", "--name", NAME, "--password-stdin",
        given=f"{PASSWORD}\r\n".encode())  # fmt: skip
    assert username.encode() in run(folder, encoding, "users", "list")
    found = json.loads(run(folder, encoding, "users", "list", "--json"))
    assert {user["name"] for user in found if user["username"] == username} == {NAME}
    # The password was read as UTF-8, so it is the one that a browser sends.
    browser = Browser.of_app(build_app(folder, {}))
    assert browser.log_in(username, PASSWORD).status_code == 303
