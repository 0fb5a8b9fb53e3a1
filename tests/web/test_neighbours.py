"""Other applications on the same host, other tabs of the same browser, and a browser that keeps no cookies.

Cookies know no ports, so all applications on 127.0.0.1 share one jar.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser, cookies_set
from tests.support.databases import migrate
from webapp.web import told
from webapp.web.form_cookie import MOST

FORM_COOKIE = re.compile(r"tokenroom_form_[0-9a-f]{8}")


def test_every_cookie_is_named_after_us_but_for_the_tokens(app: Flask) -> None:
    """So no neighbour's is replaced: not `session`, not `theme`, not `language`."""
    browser = Browser.of_app(app)
    browser.sign_up()
    for field, value in (("theme", "dark"), ("language", "ko")):
        browser.submit("/", "/preferences", **{field: value})
    names = {cookie.name for cookie in browser.http.cookies.jar}
    assert names >= {"access_token", "refresh_token"}
    for name in names - {"access_token", "refresh_token", "known_browser"}:
        assert name.startswith("tokenroom_")


def test_a_neighbours_session_is_left_alone(app: Flask) -> None:
    """Another Flask application's cookie is neither read nor replaced (R26)."""
    browser = Browser.of_app(app)
    browser.set_cookie("session", "eyJ1c2VyIjoxfQ.aaaaaa.bbbbbb")
    browser.sign_up()
    browser.log_out()
    assert browser.cookie("session") == "eyJ1c2VyIjoxfQ.aaaaaa.bbbbbb"


def test_a_second_instance_on_another_port(app: Flask, tmp_path: Path) -> None:
    """Opened once, it clears no cookie of the first one's. There the user is still logged in, and open forms are
    sent."""
    other = build_app(tmp_path / "other", {"WEBAPP_PUBLIC_URL": "http://127.0.0.1:8001"})
    migrate(other)
    browser = Browser.of_app(app)
    username = browser.sign_up()
    form = browser.read_form("/account")
    neighbour = Browser.of_app(other, "http://127.0.0.1:8001")
    for cookie in browser.http.cookies.jar:
        neighbour.http.cookies.jar.set_cookie(cookie)
    for path in ("/", "/account", "/login", "/no-such-page", "/lab", "/.well-known/change-password"):
        answer = neighbour.get(path)
        assert not {"access_token", "refresh_token"} & cookies_set(answer).keys(), path
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            browser.set_cookie(name, value)
    assert browser.get("/test/me").json()["username"] == username
    assert browser.post(form.action, form.fields | {"name": "Still here"}).status_code == 303
    # Among cookies of both, each finds its own.
    assert neighbour.submit("/login", username="a", password="b").status_code == 422


@pytest.mark.parametrize("value", ["garbage", "eyJhbGciOiJIUzI1NiJ9.e30"])
def test_what_is_no_neighbours_is_cleared(app: Flask, value: str) -> None:
    """A token cookie that nobody can use does not stay for ever."""
    browser = Browser.of_app(app)
    browser.access = value
    assert cookies_set(browser.get("/"))["access_token"].startswith("access_token=;")


def test_cookies_in_a_field_each(app: Flask) -> None:
    """Joined with a comma by a server in between (R05): the page asks to log in, and the tokens still work after."""
    browser = Browser.of_app(app)
    username = browser.sign_up()
    tokens = browser.access, browser.refresh
    stranger = Browser.of_app(app)
    joined = f"a=b, access_token={tokens[0]},refresh_token={tokens[1]}"
    answer = stranger.get("/account", headers={"Cookie": joined})
    assert answer.status_code == 303
    assert not {"access_token", "refresh_token"} & cookies_set(answer).keys()
    assert browser.get("/test/me").json()["username"] == username


# -- tabs --------------------------------------------------------------------------------------------------------------


def test_tabs_that_start_together_without_a_cookie(app: Flask) -> None:
    """Each page sets a cookie of its own, none replaces another's, and all the forms can be sent."""
    username = Browser.of_app(app).sign_up()
    browser = Browser.of_app(app)
    tabs = [browser.another_tab() for _ in range(4)]  # asked for before the first answer is there
    forms = []
    for tab in tabs:
        forms.append(tab.read_form("/login"))
        for cookie in tab.http.cookies.jar:
            browser.http.cookies.jar.set_cookie(cookie)
    names = [cookie.name for cookie in browser.http.cookies.jar]
    assert len(names) == 4
    assert all(FORM_COOKIE.fullmatch(name) for name in names)
    for form in reversed(forms):
        answer = browser.post(form.action, form.fields | {"username": username, "password": "wrong"})
        assert answer.status_code == 422
    assert (
        browser.post(forms[1].action, forms[1].fields | {"username": username, "password": PASSWORD}).status_code == 303
    )
    # Those that are there already serve every later page.
    assert not any(name.startswith("tokenroom_form") for name in cookies_set(browser.get("/signup")))
    assert browser.submit("/account", name="A").status_code == 303


def test_many_such_cookies(app: Flask) -> None:
    """A hundred forged cookies cost eight looks, and are no way in."""
    browser = Browser.of_app(app)
    for number in range(100):
        browser.set_cookie(f"tokenroom_form_{number:08x}", "eyJjc3JmX3Rva2VuIjoiYSJ9.aaaa.bbbb")
    assert MOST < 100
    assert browser.post("/login", {"username": "a", "password": "b", "csrf_token": "a"}).status_code == 403


def test_cookies_of_instances_that_are_gone_do_not_hide_ours(app: Flask) -> None:
    """Browsers send the oldest first, so however many are left from before, the form's own is among those looked at."""
    browser = Browser.of_app(app)
    for number in range(MOST + 1):
        browser.set_cookie(f"tokenroom_form_{number:08x}", "eyJjc3JmX3Rva2VuIjoiYSJ9.aaaa.bbbb")
    browser.sign_up()
    browser.log_out()


# -- no cookies at all (R24) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/signup", "/preferences"])
@pytest.mark.parametrize(("language", "word"), [("en", "Cookies are needed"), ("ko", "쿠키가 필요합니다")])
def test_a_browser_that_keeps_no_cookies(app: Flask, path: str, language: str, word: str) -> None:
    """It is told that cookies are needed, not that the form was open for too long; the user's input stays."""
    browser = Browser.of_app(app)
    form = browser.read_form("/login" if path == "/preferences" else path, path)
    browser.http.cookies.clear()
    browser.http.headers["Accept-Language"] = language
    fields = form.fields | {"username": "ada", "password": PASSWORD, "theme": "dark"}
    answer = browser.post(path, fields)
    assert answer.status_code == 403
    assert word in answer.text
    assert 'value="ada"' in answer.text or path == "/preferences"
    browser.http.cookies.clear()
    told = browser.post(path, fields, headers={"Accept": "application/json"}).json()
    assert ("cookies" if language == "en" else "쿠키") in told["error_description"]


def test_a_form_that_is_out_of_date_is_no_matter_of_cookies(app: Flask) -> None:
    """Where a cookie of ours came back, it is said that the form is old."""
    browser = Browser.of_app(app)
    form = browser.read_form("/login")
    for cookie in list(browser.http.cookies.jar):
        browser.set_cookie(cookie.name, "of.another.key")
    assert "This form is out of date" in browser.post("/login", form.fields).text


def test_production_over_plain_http(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Browsers drop Secure cookies there without a word, so the log has one."""
    monkeypatch.setattr(told, "_told", set())
    build_app(tmp_path, {})  # makes the keys
    app = build_app(tmp_path, {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://login.example.com"})
    browser = Browser.of_app(app, "http://login.example.com")
    headers = {"Origin": "https://login.example.com"}
    with caplog.at_level(logging.WARNING):
        assert "Cookies are needed" in browser.post("/login", {"csrf_token": "x"}, headers=headers).text
    assert "a form came without cookies, over plain http" in caplog.text
