"""A form sent after both tokens expired, in a real browser: kept, shown after the login, sent by one button."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.support.browser import PASSWORD
from tests.support.chromium import OpenPage, findings, scrolls_sideways
from tests.support.server import Server

FORTNIGHT = 14 * 86400


ENGLISH = ("Both of your tokens had expired", "Your form has been kept", "Your form was kept", "Send it now")
KOREAN = ("두 토큰이 모두 만료되어", "비밀번호를 빼고 보관했습니다", "양식을 보관했습니다", "지금 보내기")


@pytest.mark.parametrize(("js", "locale", "words"), [(True, "ko-KR", KOREAN), (False, "en-US", ENGLISH)])
def test_no_form_is_lost_in_case_1(
    site: Server, open_page: OpenPage, js: bool, locale: str, words: tuple[str, str, str, str]
) -> None:
    """Type, wait for a fortnight, save, log in, look, send: saved. Nothing was sent before the button."""
    expired, told, title, button = words
    name = f"e{secrets.token_hex(5)}"
    page = open_page("/account", user=name, js=js, locale=locale)
    site.clock.advance(FORTNIGHT)
    page.fill("[name=name]", "Ada of the long absence")
    page.click("main form button")
    expect(page.locator("main")).to_contain_text(expired)
    expect(page.locator("main")).to_contain_text(told)
    assert not js or findings(page, dark_too=True) == []
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button.btn-primary")
    expect(page.locator("h1")).to_have_text(title)
    assert "Ada of the long absence" in page.inner_text("main")
    assert not js or findings(page, dark_too=True) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not scrolls_sideways(page)
    page.click(f"text={button}")
    page.wait_for_url(re.compile(r"/account(\?notice=saved)?$"))
    assert page.input_value("[name=name]") == "Ada of the long absence"


def test_a_guest_enters_the_lab_with_one_click(open_page: OpenPage) -> None:
    """From the front page; the lab says who they are and for how long."""
    page = open_page("/")
    page.click("text=Open the lab as a guest")
    page.wait_for_url("**/lab")
    assert "You are here as a guest" in page.inner_text("main")
    assert findings(page) == []


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_the_front_page_says_what_this_is(open_page: OpenPage, locale: str) -> None:
    """JWT is named above the fold, two ways in are offered, and nothing is cut off or inaccessible."""
    page = open_page("/", locale=locale)
    words = page.locator(".hero-words")
    assert "JWT" in words.inner_text()
    assert words.locator(".btn").count() == 2
    assert page.locator(".figure figcaption").count() == 2
    assert findings(page, dark_too=True) == []
    for width in (320, 390, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert not scrolls_sideways(page), width
