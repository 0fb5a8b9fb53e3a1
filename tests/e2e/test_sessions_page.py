"""The sessions page in a real browser: two profiles, one ends the other."""

from __future__ import annotations

import re
import secrets

import pytest

from tests.support.browser import PASSWORD
from tests.support.chromium import OpenPage, await_focus, findings, scrolls_sideways


@pytest.mark.parametrize("js", [True, False])
def test_one_device_ends_another(open_page: OpenPage, js: bool) -> None:
    """Ended here, the other one is asked to log in with its very next click, and told why."""
    name = f"e{secrets.token_hex(5)}"
    here, there = open_page("/account/sessions", user=name, js=js), open_page("/login", js=js)
    await_focus(there)
    there.fill("[name=username]", name)
    there.fill("[name=password]", PASSWORD)
    there.click("main form button")
    there.wait_for_url("**/")
    here.reload()
    assert here.locator(".row[aria-current]").count() == 1
    assert "Chrome on Linux" in here.locator(".row").first.inner_text()
    here.locator(".row:not([aria-current]) button").click()
    here.wait_for_selector(".row-ended")
    assert here.locator(".row-ended").count() == 1
    there.click("nav a[href='/account']")
    there.wait_for_url(re.compile(r"/login\?next=%2Faccount(&notice=ended)?$"))
    assert "ended from another device" in there.locator("[role=status]").inner_text()


def test_the_password_is_changed(open_page: OpenPage) -> None:
    """This browser goes on, with other tokens."""
    page = open_page("/account/password", user=f"e{secrets.token_hex(5)}")
    before = {c["name"]: c["value"] for c in page.context.cookies()}
    await_focus(page)
    page.fill("[name=current_password]", PASSWORD)
    page.fill("[name=new_password]", "another fine sentence")
    page.click("main form button")
    page.wait_for_url(re.compile(r"/account/sessions(\?notice=password)?$"))
    after = {c["name"]: c["value"] for c in page.context.cookies()}
    assert before["refresh_token"] != after["refresh_token"]
    page.goto("/account/activity")
    assert "The password was changed." in page.content()


def test_pages_are_accessible_and_fit_a_phone(open_page: OpenPage) -> None:
    """axe finds nothing on the account pages at 320 px, light and dark, and nothing scrolls sideways or is cut off."""
    page = open_page(user=f"e{secrets.token_hex(5)}", width=320)
    for path in ("/account/sessions", "/account/activity", "/account/password"):
        page.goto(path)
        assert findings(page, dark_too=True) == [], path
        assert not scrolls_sideways(page), path
        assert page.locator(".tabs [aria-current]").evaluate("e => e.getBoundingClientRect().right <= innerWidth"), path
