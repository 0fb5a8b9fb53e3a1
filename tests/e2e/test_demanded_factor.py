"""A role that needs a second step, in a real browser: mailed code, set-up, recovery codes, and the next login."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PASSWORD
from tests.support.chromium import OpenPage, looked_at
from tests.support.mailbox import Outbox
from tests.support.mailbox import code as mailed
from tests.support.server import CHEAP_HASHING, Server
from tests.support.sql import execute
from tests.support.totp import code, secret_of


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Administrators need a second step here."""
    settings = {"WEBAPP_MFA_REQUIRED": "admin", **CHEAP_HASHING}
    with Server(tmp_path_factory.mktemp("demanding"), workers=2, settings=settings) as server:
        yield server


def send(page: Page, action: str, **fields: str) -> None:
    form = page.locator(f"form[action='{action}']").first
    for name, typed in fields.items():
        form.locator(f"[name={name}]").fill(typed)
    form.locator("button").click()


def log_in(page: Page, server: Server, username: str) -> None:
    page.goto(f"{server.url}/login?next=/admin")
    send(page, "/login", username=username, password=PASSWORD)


@pytest.mark.parametrize(
    ("locale", "dark", "width", "js"),
    [("en-US", False, 1280, True), ("ko-KR", True, 390, True), ("ko-KR", False, 1280, False)],
    ids=["english", "korean", "without JavaScript"],
)
def test_from_the_password_to_administration(
    demanding: Server, open_page: OpenPage, locale: str, dark: bool, width: int, js: bool
) -> None:
    """Every page of the way, with its mistakes. The page that was wanted first is reached at the end."""
    server = demanding
    username = server.browser().sign_up(f"boss_{locale[:2]}_{'js' if js else 'no'}")
    execute(server, "UPDATE users SET role = 'admin', email_verified_at = 1 WHERE username = ?", username)
    page = open_page(f"{server.url}/login", locale=locale, dark=dark, width=width, js=js)
    log_in(page, server, username)
    page.wait_for_url("**/login/address")
    looked_at(page, f"{username}_1_address", js=js)
    send(page, "/login/address", code=mailed(Outbox(server).newest(f"{username}@example.com")))
    page.wait_for_url("**/login/enrol")
    looked_at(page, f"{username}_2_enrol", js=js)
    send(page, "/login/enrol", otp="000000")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    looked_at(page, f"{username}_3_enrol_wrong", js=js)
    secret = secret_of(page.content())
    send(page, "/login/enrol", otp=code(secret, server.clock(), -1))
    expect(page.locator(".codes li")).to_have_count(10)
    looked_at(page, f"{username}_4_codes", js=js)
    page.click("main a.btn-primary")
    page.wait_for_url("**/admin")
    page.context.clear_cookies(name="access_token")
    page.context.clear_cookies(name="refresh_token")
    log_in(page, server, username)
    page.wait_for_url("**/login/second")
    looked_at(page, f"{username}_5_second", js=js)
    send(page, "/login/second", otp="000000")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    looked_at(page, f"{username}_6_second_wrong", js=js)
    page.click("summary")
    looked_at(page, f"{username}_7_recovery", js=js)
    send(page, "/login/second", otp=code(secret, server.clock()))
    page.wait_for_url("**/admin")
