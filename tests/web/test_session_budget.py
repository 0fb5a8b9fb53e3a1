"""How many sessions a person may have: twenty per channel, and the least recently used one goes first."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser
from tests.support.clock import SetClock
from webapp.flows.open_session import MAX_LIVE_SESSIONS

ROOT = Path(__file__).parents[2]


def test_a_job_that_logs_in_on_every_run_ends_no_browser(app: Flask, visitor: Browser) -> None:
    """API sessions have a budget of their own; beyond it the job's own earlier ones end."""
    name = visitor.sign_up()
    clients = [ApiClient.of_app(app) for _ in range(MAX_LIVE_SESSIONS + 2)]
    for client in clients:
        assert client.log_in(name).status_code == 200
    assert visitor.get("/test/me").status_code == 200
    alive = [client.get("/me").status_code for client in clients]
    assert alive.count(401) == 2
    assert clients[-1].get("/me").status_code == 200


def test_browsers_end_no_job(app: Flask, visitor: Browser) -> None:
    """And the other way round."""
    name = visitor.sign_up()
    job = ApiClient.of_app(app)
    job.log_in(name)
    for _ in range(MAX_LIVE_SESSIONS + 1):
        assert Browser.of_app(app).log_in(name).status_code == 303
    assert job.get("/me").status_code == 200


def test_what_is_used_stays(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """The oldest session, used every day, outlives younger ones that nobody uses."""
    name = visitor.sign_up()
    browsers = []
    for _ in range(MAX_LIVE_SESSIONS + 3):
        clock.advance(3600)
        assert visitor.get("/test/me").status_code == 200
        browsers.append(Browser.of_app(app))
        assert browsers[-1].log_in(name).status_code == 303
    assert visitor.get("/test/me").status_code == 200
    ended = [browser.get("/test/me").headers.get("location", "") for browser in browsers[:4]]
    assert all("notice=limit" in location for location in ended)
    assert browsers[4].get("/test/me").status_code == 200


def test_the_number_is_documented() -> None:
    """Operators of jobs and owners of many devices read it before they meet it."""
    for document in ("docs/clients.md", "docs/deployment.md"):
        assert f"{MAX_LIVE_SESSIONS} sessions per channel" in (ROOT / document).read_text(), document
