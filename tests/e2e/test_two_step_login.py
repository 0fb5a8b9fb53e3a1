"""Two-step login in a real browser: set it up, log in with a code, look at every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import PASSWORD
from tests.support.chromium import OpenPage, looked_at
from tests.support.server import Server
from tests.support.sql import execute
from tests.support.totp import code, secret_of


@pytest.mark.parametrize(
    ("locale", "dark", "width"), [("en-US", False, 1280), ("ko-KR", True, 390)], ids=["english", "korean"]
)
def test_the_whole_way(site: Server, open_page: OpenPage, locale: str, dark: bool, width: int) -> None:
    """From the account pages to ten codes, then out and in again with a code and with a recovery code."""
    username = f"two_{locale[:2]}"
    page = open_page(user=username, locale=locale, dark=dark, width=width)
    execute(site, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    page.goto(f"{site.url}/account/factors")
    looked_at(page, f"{username}_1_off")
    page.click("a[href='/account/factors/totp']")
    looked_at(page, f"{username}_2_new")
    secret = secret_of(page.content())
    page.fill("#otp", code(secret, site.clock(), -1))
    page.click("form[action='/account/factors/totp'] button")
    expect(page.locator(".codes li")).to_have_count(10)
    looked_at(page, f"{username}_3_codes")
    recovery = page.locator(".codes code").first.inner_text()
    page.click("main a.btn-primary")
    looked_at(page, f"{username}_4_on")
    for field, typed in (("#otp", code(secret, site.clock())), ("#recovery_code", recovery)):
        page.context.clear_cookies(name="access_token")
        page.context.clear_cookies(name="refresh_token")
        page.goto(f"{site.url}/login?next=/account/sessions")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.click("form[action='/login'] button")
        page.wait_for_url("**/login/second")
        if field == "#otp":
            looked_at(page, f"{username}_5_second")
        else:
            page.click("summary")
        page.fill(field, typed)
        page.locator("form", has=page.locator(field)).locator("button").click()
        page.wait_for_url("**/account/sessions")
