"""The links in the header, the tabs of the account, and the chip that says what this request was."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask_babel.speaklater import LazyString
from flask_login import current_user

from tests.support.browser import Browser
from tests.support.clock import SetClock
from webapp.web.navigation import add_entry


def marked(page: str, nav: str) -> list[tuple[str, str]]:
    """Links of the navigation `nav` that are marked as current, and how."""
    inside = re.search(rf'<nav class="{nav}".*?</nav>', page, re.DOTALL)
    return re.findall(r'<a href="([^"]+)" aria-current="(\w+)"', inside.group(0)) if inside else []


@pytest.mark.parametrize(
    ("path", "link", "says"),
    [
        ("/account", "/account", "page"),
        ("/account/password", "/account", "true"),
        ("/account/sessions", "/account", "true"),
        ("/inspector", "/inspector", "page"),
        ("/lab/acts/slow", "/lab", "true"),
        ("/nowhere", None, None),
    ],
)
def test_the_navigation_marks_one_link(visitor: Browser, path: str, link: str | None, says: str | None) -> None:
    """And the account pages mark the tab that is open."""
    visitor.sign_up()
    page = visitor.get(path).text
    assert marked(page, "masthead-nav") == ([(link, says)] if link else [])
    assert marked(page, "wrap tabs") == ([(path, "page")] if path.startswith("/account") else [])


def test_lazy_words_of_a_products_link_are_worked_out_for_each_reader(app: Flask) -> None:
    """They may say something of the reader, and so may an address to which its `url_defaults` add."""
    add_entry(app, "me", LazyString(lambda: f"Notes of {current_user.username}"))
    app.url_defaults(lambda endpoint, values: values.update(of=current_user.username) if endpoint == "me" else None)
    for _ in range(2):
        visitor = Browser.of_app(app)
        name = visitor.sign_up()
        page = visitor.get("/account").text
        assert re.findall(r'<a href="/test/me\?of=(\w+)">Notes of (\w+)</a>', page) == [(name, name)]


def chip(page: str) -> str:
    """The chip in the header, as text; empty where there is none."""
    found = re.search(r'<a class="see-through.*?</a>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(0)).split()) if found else ""


def test_each_page_says_which_case_its_request_was(visitor: Browser, clock: SetClock) -> None:
    """It shows the tokens of the request, not those of its answer. So after a silent renewal the next page is case
    4."""
    visitor.sign_up()
    clock.advance(48)
    assert chip(visitor.get("/account").text) == "4 Case 4: Access 9:12 Refresh 14 days"
    clock.advance(600)
    assert chip(visitor.get("/account").text) == "2 Case 2: Access expired Refresh 14 days"
    assert chip(visitor.get("/account").text) == "4 Case 4: Access 10:00 Refresh 14 days"
    assert chip(visitor.get("/lab").text) == "", "the lab says it itself"


def test_a_stranger_and_a_lost_cookie_have_no_chip(visitor: Browser) -> None:
    """A request outside the four cases has no chip."""
    assert chip(visitor.get("/").text) == ""
    visitor.sign_up()
    visitor.refresh = None
    page = visitor.get("/account")
    assert page.status_code == 200
    assert chip(page.text) == "", "none of the four cases"


class TestWithoutTheLab:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_LAB": "off"}

    def test_there_is_no_chip(self, app: Flask, visitor: Browser) -> None:
        """Without the lab no page has a chip."""
        visitor.sign_up()
        assert chip(visitor.get("/account").text) == ""
