"""The systemd units: what a program that was taken over could still reach."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.databases import need
from tests.support.server import ROOT

DEPLOY = ROOT / "deploy"
PROGRAMS = ("tokenroom.service", "tokenroom-purge.service")
OF_ITS_OWN = {
    "Type", "NotifyAccess", "ExecStart", "ExecReload", "KillMode", "TimeoutStopSec", "Restart", "RestartSec",
}  # fmt: skip
"""Lines that say how a unit runs. All others in `[Service]` say what it may do."""


def service_section(name: str) -> list[str]:
    section = (DEPLOY / name).read_text().partition("[Service]\n")[2].partition("\n[")[0]
    return [line for line in section.splitlines() if line and not line.startswith("#")]


def limits_of(name: str) -> list[str]:
    return [line for line in service_section(name) if line.partition("=")[0] not in OF_ITS_OWN]


def test_the_purge_may_do_no_more_than_the_service() -> None:
    """It reads the same keys and the same database, so it is shut in the same way."""
    assert limits_of("tokenroom-purge.service") == limits_of("tokenroom.service")


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_address_but_this_host_can_be_reached(name: str) -> None:
    """A program that was taken over can send nothing elsewhere; other hosts are named by the operator."""
    lines = service_section(name)
    assert "IPAddressDeny=any" in lines
    assert [line for line in lines if line.startswith("IPAddressAllow=")] == ["IPAddressAllow=localhost"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_systemd_grades_it_well(name: str, tmp_path: Path) -> None:
    """`systemd-analyze security` gives 0 to what may do nothing and 10 to what may do everything."""
    program = shutil.which("systemd-analyze")
    need("systemd-analyze", there=program is not None)
    assert program
    command = [program, "security", "--offline=true", "--threshold=20", "--no-pager", str(DEPLOY / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze knows no --offline")
    assert done.returncode == 0, done.stdout + done.stderr
