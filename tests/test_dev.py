"""`./dev run`: where it says that the application is."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

DEV = Path(__file__).resolve().parents[1] / "dev"


class Listener:
    """A socket that listens nowhere."""

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 8123

    def set_inheritable(self, inheritable: bool) -> None:
        pass

    def fileno(self) -> int:
        return 3


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module that installs, migrates and becomes nothing."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("dev", str(DEV))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "listen", lambda port: Listener())
    monkeypatch.setattr(module, "install", lambda locks: None)
    monkeypatch.setattr(module, "python", lambda *arguments: 0)
    monkeypatch.setattr(os, "execv", lambda path, arguments: None)
    return module


@pytest.mark.parametrize(("env", "public"), [("development", "http://localhost:8123"), ("production", None)])
def test_the_name_comes_first(
    dev: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    env: str,
    public: str | None,
) -> None:
    """Passkeys need a name, so `localhost` is said first and is the issuer; the number is said, too."""
    monkeypatch.setenv("WEBAPP_ENV", env)
    monkeypatch.setenv("WEBAPP_PUBLIC_URL", "")
    monkeypatch.delenv("WEBAPP_PUBLIC_URL")  # set and deleted, so that what `run` sets is undone
    dev.run(["--port", "8123"])
    assert "at http://localhost:8123 and http://127.0.0.1:8123 (" in capsys.readouterr().out
    assert os.environ.get("WEBAPP_PUBLIC_URL") == public
