"""Prometheus' own tool reads the rules, the dashboard's expressions and the metrics, and plays each alert through.

Where promtool is not installed these are skipped, in CI too, because it comes with all of Prometheus.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.server import ROOT, Server

DEPLOY = ROOT / "deploy"
PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing on this machine")


def promtool(*arguments: str | Path, given: str = "") -> str:
    """Run it; what it said. It must have nothing to complain of."""
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, *map(str, arguments)], input=given, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


RULES: dict[str, Any] = {
    rule["alert"]: rule
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}


class Story(NamedTuple):
    """Series by the minute in Prometheus' notation, and whether the alert fires at minute `at`."""

    alert: str
    fires: bool
    series: dict[str, str]
    at: int = 40
    labels: dict[str, str] = {}  # noqa: RUF012 - never changed


def refreshes(fast: int, slow: int) -> dict[str, str]:
    """So many a minute within half a second, and so many within five."""
    every = fast + slow
    return {
        'tokenroom_refresh_seconds_bucket{le="0.5"}': f"0+{fast}x60",
        'tokenroom_refresh_seconds_bucket{le="5.0"}': f"0+{every}x60",
        'tokenroom_refresh_seconds_bucket{le="+Inf"}': f"0+{every}x60",
    }


def log_ins(**a_minute: int) -> dict[str, str]:
    return {
        f'tokenroom_logins_total{{channel="web",result="{result}"}}': f"0+{count}x60"
        for result, count in a_minute.items()
    }


HOST = {"job": "tokenroom", "instance": "one:8000"}
UP = 'up{job="tokenroom",instance="one:8000"}'
REDIS_DOWN = 'tokenroom_limit_store_failures_total{store="redis"}'
FAILED = 'tokenroom_refreshes_total{result="failed"}'

STORIES = [
    Story("TokenroomDown", True, {UP: "1x30 0x10"}, labels=HOST),
    Story("TokenroomDown", False, {UP: "1x40"}),
    Story("TokenroomDown", False, {UP: "1x39 0"}, at=40),  # one scrape that failed
    Story("TokenroomServerErrors", True, {'tokenroom_error_answers_total{status="500"}': "0+1x60"}),
    Story("TokenroomServerErrors", False, {'tokenroom_error_answers_total{status="404"}': "0+900x60"}),
    Story("TokenroomDatabaseErrors", True, {"tokenroom_database_errors_total": "0+30x60"}),
    Story("TokenroomDatabaseErrors", False, {"tokenroom_database_errors_total": "0+1x60"}),
    Story("TokenroomRefreshesFail", True, {FAILED: "0+30x60"}),
    Story("TokenroomRefreshesFail", False, {FAILED: "7x60", 'tokenroom_refreshes_total{result="rotated"}': "0+900x60"}),
    Story("TokenroomSlowRefresh", True, refreshes(fast=90, slow=10)),
    Story("TokenroomSlowRefresh", False, refreshes(fast=9990, slow=10)),
    Story("TokenroomSlowRefresh", False, refreshes(fast=0, slow=0)),  # a night without anybody
    Story("TokenroomReuse", True, {'tokenroom_requests_total{case="2",outcome="reuse"}': "0+1x60"}),
    Story("TokenroomReuse", False, {'tokenroom_requests_total{case="2",outcome="reuse"}': "0x30 1 2x29"}),
    Story("TokenroomSharedSession", True, {"tokenroom_sessions_always_redelivered": "1x60"}),
    Story("TokenroomSharedSession", False, {"tokenroom_sessions_always_redelivered": "0x60"}),
    Story("TokenroomPasswordGuessing", True, log_ins(wrong=200, limited=400, succeeded=60)),
    Story("TokenroomPasswordGuessing", True, log_ins(wrong=200)),  # nobody has logged in since the start
    Story("TokenroomPasswordGuessing", False, log_ins(wrong=200, succeeded=600)),
    Story("TokenroomPasswordGuessing", False, log_ins(wrong=3)),
    Story("TokenroomLimitStoreDown", True, {REDIS_DOWN: "0+2x60"}, labels={"store": "redis"}),
    Story("TokenroomLimitStoreDown", False, {REDIS_DOWN: "0x30 1 2x29"}),  # it was started anew
    Story("TokenroomMailWaits", True, {"tokenroom_oldest_mail_seconds": "0+60x60"}),  # nothing leaves for 40 minutes
    Story("TokenroomMailWaits", False, {"tokenroom_oldest_mail_seconds": "0x14 600x5 0x40"}),
]


def test_the_rules_are_accepted() -> None:
    """promtool accepts every alert rule."""
    assert f"{len(RULES)} rules found" in promtool("check", "rules", DEPLOY / "alerts.yml")


def test_every_alert_has_a_story_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    """The stories below cover each alert both ways."""
    for fires in (True, False):
        assert {story.alert for story in STORIES if story.fires is fires} == RULES.keys()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.alert}-{'fires' if story.fires else 'quiet'}")
def test_the_alert_fires_when_it_should(story: Story, tmp_path: Path) -> None:
    """With the labels and the words that people get."""
    rule = RULES[story.alert]
    words = dict(rule["annotations"])
    for label, value in (HOST | {"store": "redis"}).items():
        words = {name: text.replace(f"{{{{ $labels.{label} }}}}", value) for name, text in words.items()}
    fired = [{"exp_labels": rule["labels"] | story.labels, "exp_annotations": words}] if story.fires else []
    tests = {
        "rule_files": [str(DEPLOY / "alerts.yml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in story.series.items()],
                "alert_rule_test": [{"eval_time": f"{story.at}m", "alertname": story.alert, "exp_alerts": fired}],
            }
        ],
    }
    path = tmp_path / "story.yml"
    path.write_text(yaml.safe_dump(tests))
    promtool("test", "rules", path)


def test_the_dashboard_asks_in_valid_expressions(tmp_path: Path) -> None:
    """Each as a recording rule, because that is what promtool reads."""
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = [expression.replace("$__rate_interval", "5m") for expression in expressions]
    assert not [expression for expression in asked if "$" in expression]
    path = tmp_path / "asked.yml"
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", path)


def test_what_a_scrape_gets_is_well_formed(tmp_path: Path) -> None:
    """Of several workers, with something in every series that the rules and the dashboard ask for."""
    with Server(tmp_path / "server", workers=2) as server:
        visitor = server.browser()
        name = visitor.sign_up()
        visitor.log_out()
        visitor.log_in(name, "not the right one")
        visitor.log_in(name)
        visitor.get("/nowhere")
        server.clock.advance(601)
        visitor.get("/test/me")
        text = visitor.get("/metrics").text
    shown = set(re.findall(r"^(tokenroom_\w+)", text, re.MULTILINE))
    assert {"tokenroom_requests_total", "tokenroom_refresh_seconds_bucket", "tokenroom_logins_total"} <= shown
    promtool("check", "metrics", given=text)
