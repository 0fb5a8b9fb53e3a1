"""The alert rules and the dashboard speak of series that exist, and systemd accepts the units."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.registry import REGISTRY

from tests.support.server import ROOT
from webapp.mail import courier
from webapp.web import limit_storage, metrics

DEPLOY = ROOT / "deploy"


def known_series() -> set[str]:
    names = {
        *("up", "tokenroom_live_sessions", "tokenroom_sessions_always_redelivered"),
        *("tokenroom_mails_waiting", "tokenroom_oldest_mail_seconds"),
    }
    for metric in (
        metrics.REQUESTS, metrics.REFRESHES, metrics.REFRESH_SECONDS, metrics.LOG_INS,
        metrics.LIMITED, limit_storage.LIMIT_STORE_FAILURES, metrics.DATABASE_ERRORS, metrics.ERROR_ANSWERS,
        courier.MAILS,
    ):  # fmt: skip
        names |= set(REGISTRY._collector_to_names[metric])
    return names


def series_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:tokenroom_\w+|up)\b", expression))


def test_alerts_speak_of_series_that_exist() -> None:
    """Each alert's expression names exported series only, and each alert says what to do."""
    rules = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    assert rules
    for rule in rules:
        assert series_in(rule["expr"]) <= known_series(), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "action"}


def test_the_dashboard_shows_series_that_exist() -> None:
    """Each panel's expression names exported series only, the main ones among them."""
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    shown = set().union(*map(series_in, expressions))
    assert shown <= known_series()
    assert {"tokenroom_requests_total", "tokenroom_refreshes_total", "tokenroom_live_sessions"} <= shown


@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("tokenroom*.*") if path.suffix != ".env"))
def test_systemd_accepts_the_units(unit: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing but that the programs are not installed here."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd here, as in most containers")
    for path in DEPLOY.glob("tokenroom*.*"):
        shutil.copy(path, tmp_path)
    result = subprocess.run([verify, "verify", str(tmp_path / unit)], capture_output=True, text=True)
    complaints = [
        line for line in (result.stdout + result.stderr).splitlines()
        if "tokenroom" in line and "is not executable: No such file" not in line
    ]  # fmt: skip
    assert complaints == []
