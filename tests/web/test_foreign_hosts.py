"""A host name that is refused: which it was, and what to set (R10)."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import Browser
from webapp.web import told


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_told", set())


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.10:8000",
        "myapp.tunnel.example",
        "localhost.",
        "[2001:db8::1]:8000",
        "app.localhost",
        "no..name",
        f"{'long' * 16}.example",
    ],
)
def test_development_says_what_to_do(app: Flask, caplog: pytest.LogCaptureFixture, host: str) -> None:
    """On the page, in the API's answer, and in the log."""
    browser = Browser.of_app(app)
    with caplog.at_level(logging.WARNING):
        page = browser.get("/login", headers={"Host": host})
    assert page.status_code == 400
    for words in (host, "http://127.0.0.1:8000", "WEBAPP_ENV=production", "WEBAPP_PUBLIC_URL"):
        assert words in page.text
    assert f"refused a request for the host '{host}'" in caplog.text
    told = browser.get("/api/v1/me", headers={"Host": host})
    assert told.status_code == 400
    assert host in told.json()["error_description"]
    assert "WEBAPP_PUBLIC_URL" in browser.get("/", headers={"Host": host, "Accept-Language": "ko"}).text


def production(tmp_path: Path, **settings: str) -> Browser:
    build_app(tmp_path, {})  # makes the keys
    given = {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://Login.Example.com:443/", **settings}
    return Browser.of_app(build_app(tmp_path, given), "https://login.example.com")


def test_production_tells_the_log_and_not_the_visitor(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The page has the name that was asked for; the setting and the right name are in the log, once per name."""
    browser = production(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            page = browser.get("/login", headers={"Host": "wrong.example"})
    assert page.status_code == 400
    assert "wrong.example" in page.text
    assert "login.example.com" not in page.text
    assert "WEBAPP_" not in page.text
    assert caplog.text.count("WEBAPP_PUBLIC_URL is https://login.example.com") == 1


def test_a_proxy_that_is_not_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The right name came in X-Forwarded-Host: then another setting is missing."""
    with caplog.at_level(logging.WARNING):
        production(tmp_path).get("/", headers={"Host": "10.0.0.7:8000", "X-Forwarded-Host": "login.example.com"})
    assert "set WEBAPP_TRUSTED_PROXIES=1" in caplog.text


@pytest.mark.parametrize("host", ["login.example.com", "LOGIN.example.com", "login.example.com:443"])
def test_names_that_are_ours(tmp_path: Path, host: str) -> None:
    """In any case of letters, with or without a port."""
    assert production(tmp_path).get("/login", headers={"Host": host}).status_code == 200


def test_hostile_names_fill_no_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of names are logged fifty times; their contents command no terminal and no page."""
    browser = Browser.of_app(app)
    with caplog.at_level(logging.WARNING):
        for number in range(120):
            browser.get("/login", headers={"Host": f"h{number}.example"})
    assert len([record for record in caplog.records if "refused a request" in record.message]) == told.MOST
    page = browser.get("/login", headers={"Host": "<script>alert(1)</script>" + "x" * 5000})
    assert "<script>alert" not in page.text
    assert len(page.text) < 20_000


def test_a_site_that_does_not_know_its_own_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The browser says the form is the site's own and names another Origin: the log has both, once."""
    browser = production(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer = browser.post("/login", {}, headers={"Origin": "https://login.example.com:8443"})
    assert answer.status_code == 403
    assert caplog.text.count("'https://login.example.com:8443', this site's is https://login.example.com") == 1


def test_where_password_managers_look(app: Flask) -> None:
    """`/.well-known/change-password` leads to the form (R28); they check that a nonsense address beside it is 404."""
    browser = Browser.of_app(app)
    answer = browser.get("/.well-known/change-password")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/account/password"
    assert (
        browser.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").status_code
        == 404
    )
    browser.sign_up()
    assert browser.get("/.well-known/change-password", follow_redirects=True).url.path == "/account/password"


def test_names_that_strangers_make_up_leave_room_for_other_news(app: Flask) -> None:
    """However many foreign hosts were told of, other news for an operator are told, too."""
    visitor = Browser.of_app(app)
    for number in range(told.MOST + 1):
        visitor.get("/", headers={"Host": f"host-{number}.example"})
    assert not told.is_news("host", "one-more.example")
    assert told.is_news("plain http")
