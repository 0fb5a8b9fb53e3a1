"""Prove that it is still you, in a real browser: in both languages, with and without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import PASSWORD
from tests.support.chromium import OpenPage, looked_at
from tests.support.server import Server
from tests.support.sql import execute
from tests.support.totp import code, secret_of

LONG_AGO = "UPDATE auth_sessions SET auth_time = auth_time - 5000"


@pytest.mark.parametrize(
    ("locale", "dark", "width", "js"),
    [("en-US", False, 1280, True), ("ko-KR", True, 390, True), ("en-US", False, 390, False)],
    ids=["english", "korean", "without script"],
)
def test_the_way_to_the_proof_and_back(
    site: Server, open_page: OpenPage, locale: str, dark: bool, width: int, js: bool
) -> None:
    """The page asks before anything is typed; a wrong password says so; the right one leads back to the form."""
    name = f"proof_{locale[:2]}_{width}"
    page = open_page("/account/email", user=name, locale=locale, dark=dark, width=width, js=js)
    execute(site, LONG_AGO)
    page.reload()
    looked_at(page, f"{name}_1_email", js=js, dark_too=True)
    page.click("a[href^='/step-up']")
    looked_at(page, f"{name}_2_asked", js=js, dark_too=True)
    expect(page.locator("#password")).to_be_focused()
    page.fill("#password", "not it")
    page.click("form[action='/step-up'] button")
    expect(page.locator(".notice-bad")).to_be_visible()
    looked_at(page, f"{name}_3_wrong", js=js, dark_too=True)
    page.fill("#password", PASSWORD)
    page.click("form[action='/step-up'] button")
    page.wait_for_url("**/account/email")
    expect(page.locator("#email")).to_be_visible()


def test_with_a_code(site: Server, open_page: OpenPage) -> None:
    """Password and code in one form, for a user with an authenticator app; the recovery code waits behind a fold."""
    page = open_page(user="proof_code")
    execute(site, "UPDATE users SET email_verified_at = 1 WHERE username = 'proof_code'")
    page.goto(f"{site.url}/account/factors/totp")
    secret = secret_of(page.content())
    page.fill("#otp", code(secret, site.clock(), -1))
    page.click("form[action='/account/factors/totp'] button")
    execute(site, LONG_AGO)
    page.goto(f"{site.url}/account/delete")
    looked_at(page, "proof_code", js=True)
    page.fill("#password", PASSWORD)
    page.fill("#otp", code(secret, site.clock()))
    page.click("form[action='/step-up'] button")
    page.wait_for_url("**/account/delete")
    expect(page.locator("#username")).to_be_visible()
