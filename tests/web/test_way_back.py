"""The page that was asked for is the page one comes back to, its address as it was sent (R22)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browser import PASSWORD, Browser, FormReader
from tests.support.server import Server

ADDRESSES = [
    "/admin/people/%EB%B3%B4%EA%B3%A0%EC%84%9C",
    "/admin/people/%eb%b3%b4",
    "/admin/people/my%20report",
    "/admin/people/a%3Fb",
    "/admin/people/c%23",
    "/admin/people/100%25",
    "/admin/people/a%5Cc",
    "/admin/people/a?q=%ED%95%9C%26x&y=1+2#".removesuffix("#"),
    "/admin?x=a%2520b&x=",
    "/account?next=//evil.example",
    "/admin/people/%F0%9F%A6%8A",
    "/admin/people/a;b=c,d",
    "/admin/people/%0d%0aSet-Cookie:x",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_over_the_login_page(sqlite_server: Server, address: str) -> None:
    """Login leads to the very address, encoded as it was."""
    browser = sqlite_server.browser()
    username = browser.sign_up()
    browser.log_out()
    answer = browser.http.get(sqlite_server.url + address)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == [address]
    answer = browser.submit(answer.headers["location"], "/login", username=username, password=PASSWORD)
    assert answer.status_code == 303
    assert answer.headers["location"] == address


def test_a_notice_is_no_part_of_the_way_back(visitor: Browser) -> None:
    """A notice from before the session ended is not said again after the next login."""
    asked = visitor.get("/account?notice=saved&x=1").headers["location"]
    assert parse_qs(urlsplit(asked).query)["next"] == ["/account?x=1"]
    asked = visitor.get("/account?notice=saved").headers["location"]
    assert parse_qs(urlsplit(asked).query)["next"] == ["/account"]


@pytest.mark.parametrize("address", ["/login?next=%2Fa%253Fb&x=%EB%B3%B4", "/?100%25", "/signup?q=a%26b"])
def test_over_the_language_button(sqlite_server: Server, address: str) -> None:
    """So do the buttons of the header, which every page has."""
    browser = sqlite_server.browser()
    answer = browser.submit(address, "/preferences", language="ko")
    assert answer.status_code == 303
    assert answer.headers["location"] == address


def test_a_form_that_is_sent_again_goes_where_it_went(sqlite_server: Server) -> None:
    """The page about an outdated form posts to the form's own address."""
    browser = sqlite_server.browser()
    browser.get("/login")
    address = "/login?next=%2Fa%253Fb"
    answer = browser.post(address, {"username": "a", "password": "b", "csrf_token": "of another page"})
    assert answer.status_code == 403
    assert [form.action for form in FormReader(answer.text).forms if "username" in form.fields] == [address]
