"""A forgotten password and an unconfirmed address, in a real browser, from the first click to the last."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Page

from tests.support.browser import PASSWORD
from tests.support.chromium import OpenPage, await_notice, findings, scrolls_sideways
from tests.support.mailbox import Outbox, code
from tests.support.server import Server

NEW = "another perfectly fine sentence"


def look_at(page: Page, *, js: bool) -> None:
    """Nothing is inaccessible or cut off, on a wide screen and a narrow one."""
    size = page.viewport_size
    assert size is not None
    assert not js or findings(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not scrolls_sideways(page)
    page.set_viewport_size(size)


@pytest.mark.parametrize(
    ("js", "dark", "locale"), [(True, False, "en-US"), (False, False, "en-US"), (True, True, "ko-KR")],
    ids=["script", "no script", "dark, Korean"],
)  # fmt: skip
def test_a_forgotten_password(site: Server, open_page: OpenPage, js: bool, dark: bool, locale: str) -> None:
    """Ask, read the outbox, click, choose, log in: and the old password no longer works."""
    name = f"e{secrets.token_hex(5)}"
    site.browser().sign_up(name)
    page = open_page("/login", js=js, dark=dark, locale=locale)
    page.click("main a[href='/reset']")
    page.wait_for_url("**/reset")
    look_at(page, js=js)
    page.fill("[name=login]", name)
    page.click("main form button")
    page.wait_for_selector("main .notice")
    look_at(page, js=js)
    Outbox(site).newest(f"{name}@example.com")  # the courier has been there
    page.goto("/outbox")
    look_at(page, js=js)
    page.locator("main a[href*='/reset/open?token=']").first.click()
    page.wait_for_url("**/reset/new")
    assert page.input_value("#username") == name
    look_at(page, js=js)
    page.fill("[name=new_password]", NEW)
    page.click("main form button")
    page.wait_for_selector("[name=username]")
    page.fill("[name=username]", name)
    page.fill("[name=password]", NEW)
    page.click("main form button")
    page.wait_for_url("**/")
    assert site.browser().log_in(name, PASSWORD).status_code == 422


@pytest.mark.parametrize("js", [True, False], ids=["script", "no script"])
def test_an_address_is_confirmed(site: Server, open_page: OpenPage, js: bool) -> None:
    """The banner leads to the page; a code from the mail confirms, and the banner is gone."""
    name = f"e{secrets.token_hex(5)}"
    page = open_page("/account", user=name, js=js)
    look_at(page, js=js)
    page.click("text=Confirm it now")
    page.wait_for_url("**/account/email")
    page.click("form[action='/account/email/send'] button")
    await_notice(page, "A code is on its way")
    look_at(page, js=js)
    page.fill("[name=code]", code(Outbox(site).newest(f"{name}@example.com")))
    page.click("form[action='/account/email/confirm'] button")
    await_notice(page, "is confirmed")
    look_at(page, js=js)
    page.goto("/account")
    assert page.locator("text=Confirm it now").count() == 0
