"""What Prometheus is told, in one process and over several workers that come and go."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.passkeys import add_passkey, browser_at_a_name, device_of, use_passkey
from tests.support.server import Server
from tests.support.sql import execute
from tests.support.waiting import until
from webapp.store import session_list
from webapp.store.database import db, transact


def sample(text: str, name: str, **labels: str) -> float:
    """The value of one series, 0 if it is not there."""
    for line in text.splitlines():
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
            return float(found[3])
    return 0.0


RESULTS = ("added", "right", "counter", "wrong")
"""What can become of a passkey."""


class Difference:
    """How much a series grew, because counts are the process's, and other tests count too."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.before = browser.get("/metrics").text

    def __call__(self, name: str, **labels: str) -> float:
        return sample(self.browser.get("/metrics").text, name, **labels) - sample(self.before, name, **labels)


def test_cases_and_refreshes_are_counted(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """Each of the four cases, a redelivery, a request in grace and a theft show up under their own name."""
    visitor.sign_up()
    grown = Difference(visitor)
    visitor.get("/test/me")
    assert grown("tokenroom_requests_total", case="4", outcome="proceed") == 1

    clock.advance(601)
    old = visitor.another_tab()
    late = visitor.another_tab()
    visitor.get("/test/me")
    assert grown("tokenroom_requests_total", case="2", outcome="rotate") == 1
    assert grown("tokenroom_refreshes_total", result="rotated") == 1
    assert grown("tokenroom_refresh_seconds_count") == 1

    again = old.another_tab()
    old.get("/test/me")
    assert grown("tokenroom_refreshes_total", result="redelivered") == 1
    clock.advance(4)
    again.get("/test/me")
    assert grown("tokenroom_refreshes_total", result="forked") == 1
    visitor.refresh = again.refresh
    visitor.get("/test/me")  # confirms
    late.another_tab().get("/test/me")
    assert grown("tokenroom_refreshes_total", result="access only") == 1

    clock.advance(71)
    late.get("/test/me")
    assert grown("tokenroom_requests_total", case="2", outcome="reuse") == 1


def test_strangers_log_ins_and_errors_are_counted(app: Flask, visitor: Browser) -> None:
    """Logins by result; a stranger is no case; errors by status."""
    grown = Difference(visitor)
    name = visitor.sign_up()
    visitor.log_out()
    before = grown("tokenroom_requests_total", case="none", outcome="anonymous")
    visitor.get("/test/open")
    assert grown("tokenroom_requests_total", case="none", outcome="anonymous") == before + 1
    visitor.log_in(name, "a wrong password")
    assert grown("tokenroom_logins_total", channel="web", result="wrong") == 1
    visitor.log_in(name)
    assert grown("tokenroom_logins_total", channel="web", result="succeeded") == 1
    visitor.get("/nowhere")
    assert grown("tokenroom_error_answers_total", status="404") == 1


def test_passkeys_are_counted(app: Flask) -> None:
    """One added, one that logs in, one whose counter stands still, and one that is refused."""
    owner, stranger = browser_at_a_name(app), browser_at_a_name(app)
    name = owner.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    device, grown = device_of(owner), Difference(owner)
    add_passkey(owner, device)
    for count in (1, 1):
        use_passkey(stranger, device, count=count)
        stranger.log_out()
    use_passkey(stranger, device, flags=0)
    found = {result: grown("tokenroom_factors_total", kind="passkey", result=result) for result in RESULTS}
    assert found == {"added": 1, "right": 2, "counter": 1, "wrong": 1}
    assert grown("tokenroom_logins_total", channel="web", result="succeeded") == 2
    assert grown("tokenroom_logins_total", channel="web", result="wrong") == 1


def test_a_refresh_the_database_refuses_is_counted(
    app: Flask, visitor: Browser, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is served, and the refresh that did not happen is counted as failed."""
    visitor.sign_up()
    visitor.get("/test/me")
    grown = Difference(visitor)
    clock.advance(601)

    def broken(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("webapp.web.authentication.refresh", broken)
    assert visitor.get("/test/me").status_code == 200
    assert grown("tokenroom_refreshes_total", result="failed") == 1


def test_live_sessions_are_counted(visitor: Browser) -> None:
    """The figure at scrape time."""
    visitor.sign_up()
    assert sample(visitor.get("/metrics").text, "tokenroom_live_sessions") == 1
    visitor.log_out()
    assert sample(visitor.get("/metrics").text, "tokenroom_live_sessions") == 0


def test_many_live_sessions_are_estimated(app: Flask, visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a sample of bounded size: two thousand sessions, half of them ended, from two hundred rows."""
    visitor.sign_up()
    columns = "user_id, channel, created_at, auth_time, expires_at, last_seen_at, persistent, user_agent, ip_address, "
    columns += "credential_epoch, refresh_generation, refresh_jti, refresh_issued_at, refresh_expires_at"
    with app.app_context():
        transact(
            lambda tx: tx.execute(
                text(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                    f"INSERT INTO auth_sessions (id, revoked_at, {columns}) "
                    "SELECT printf('%04x', i * 32) || '0000000000000000000000000000', CASE WHEN i % 2 THEN 1 END, "
                    f"{columns} FROM n, auth_sessions"
                )
            )
        )
    monkeypatch.setattr(session_list, "SAMPLED", 200)
    assert 900 < sample(visitor.get("/metrics").text, "tokenroom_live_sessions") < 1100


def test_without_a_database_the_counts_still_come(tmp_path: Path, app: Flask, visitor: Browser) -> None:
    """A scrape is what tells that the database is away, so it must not need it."""
    with app.app_context():
        db.engine.dispose()
    Path(app.instance_path, "tokenroom.db").unlink()
    answer = visitor.get("/metrics")
    assert answer.status_code == 200
    assert "tokenroom_requests_total" in answer.text


def test_metrics_set_no_cookie_and_ask_for_none(visitor: Browser) -> None:
    """The metrics are plain text for a stranger and set no cookie."""
    answer = visitor.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("preload", ["off", "on"])
def test_workers_count_together_also_those_that_are_gone(tmp_path: Path, preload: str) -> None:
    """Any worker answers for all; killing workers, and reloading them, loses no count."""
    with Server(tmp_path / "server", workers=2, settings={"WEB_PRELOAD": preload}, fresh=True) as server:
        visitor = server.browser()
        visitor.sign_up()

        def served() -> float:
            return sample(
                server.browser().get("/metrics").text, "tokenroom_requests_total", case="4", outcome="proceed"
            )

        def eight_at_once() -> set[str]:
            """Over connections of their own, because asked one after the other, the same idle worker may take them
            all."""
            tabs = [visitor.another_tab() for _ in range(8)]
            return {answer.json()["pid"] for answer in at_once(8, lambda number: tabs[number].get("/test/me"))}

        assert visitor.get("/test/me").status_code == 200  # confirms: the others then do the same, and nothing else
        pids, asked = set[str](), 1
        while len(pids) < 2 and asked < 400:
            pids |= eight_at_once()
            asked += 8
        assert len(pids) == 2
        assert served() == asked

        os.kill(int(pids.pop()), signal.SIGKILL)
        visitor = visitor.another_tab()
        for _ in range(10):
            visitor.get("/test/me")
        assert served() == asked + 10

        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.browser().get("/test/pid").json()["pid"] not in pids, what="the workers are new")
        visitor = visitor.another_tab()
        visitor.get("/test/me")
        assert served() == asked + 11


def test_the_api_is_counted_too(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """A login and a refresh without a browser appear under the same names."""
    name = visitor.sign_up()
    grown = Difference(visitor)
    client = app.test_client()
    pair = client.post("/api/v1/login", json={"username": name, "password": PASSWORD}).get_json()
    clock.advance(601)
    answer = client.post(
        "/api/v1/refresh",
        json={"refresh_token": pair["refresh_token"]},
        headers={"Authorization": f"Bearer {pair['access_token']}"},
    )
    assert answer.status_code == 200
    assert grown("tokenroom_logins_total", channel="api", result="succeeded") == 1
    assert grown("tokenroom_refreshes_total", result="rotated") == 1
    assert grown("tokenroom_requests_total", case="2", outcome="rotate") == 1
