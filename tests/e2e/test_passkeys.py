"""Passkeys in a real browser, with Chromium's virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.support.browser import PASSWORD
from tests.support.chromium import Console, OpenPage, looked_at, sign_up
from tests.support.server import Server
from tests.support.sql import execute

OPTIONS = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
NO_LIST = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
"""With presence simulated, a request of the browser's own list is answered at once: the page logs in by itself."""
WATCH = """
  globalThis.asked = [];
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = (options) => (asked.push(options), get(options));
"""


def named(site: Server) -> str:
    """The server's address with a name, because at a number there are no passkeys."""
    return site.url.replace("127.0.0.1", "localhost")


class Device:
    """The authenticator of one browser."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable", {"enableUI": False})
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})["authenticatorId"]

    def tell(self, command: str, **values: object) -> dict[str, object]:
        return dict(self.cdp.send(f"WebAuthn.{command}", {"authenticatorId": self.id, **values}))


@pytest.fixture
def at_a_name(site: Server, chromium: Chromium) -> Iterator[BrowserContext]:
    """A browser profile that opens the server as `localhost`."""
    context = chromium.new_context(base_url=named(site), locale="en-US")
    context.set_default_timeout(10_000)
    yield context
    context.close()


def log_out(page: Page) -> None:
    page.click("form[action='/logout'] button")
    page.wait_for_url("**/login**")


def test_the_whole_way(site: Server, at_a_name: BrowserContext, console: Console) -> None:
    """Added on the account pages; then into the account by the button, by the browser's list, and as second step."""
    page = at_a_name.new_page()
    console.watch(page)
    at_a_name.add_init_script(NO_LIST)
    device = Device(page)
    sign_up(page, "keys_en")
    execute(site, "UPDATE users SET email_verified_at = 1 WHERE username = 'keys_en'")
    page.goto("/account/factors")
    looked_at(page, "keys_1_none")
    page.click("text=Add a passkey")
    looked_at(page, "keys_2_new")
    device.tell("setUserVerified", isUserVerified=False)
    page.click("[data-passkey-ask]")
    expect(page.locator("text=No passkey was used.")).to_be_visible()
    device.tell("setUserVerified", isUserVerified=True)
    page.click("[data-passkey-ask]")
    expect(page.locator(".codes li")).to_have_count(10)
    page.click("main a.btn-primary")
    looked_at(page, "keys_3_list")
    page.click("text=Add a passkey")
    page.click("[data-passkey-ask]")
    expect(page.locator("text=This device has a passkey")).to_be_visible()
    log_out(page)
    page.goto("/login?next=/account/sessions")
    looked_at(page, "keys_4_login")
    page.click("text=Log in with a passkey")
    page.wait_for_url("**/account/sessions")
    expect(page.locator("text=Confirmed with a passkey").first).to_be_visible()
    log_out(page)
    page.fill("#username", "keys_en")
    page.fill("#password", PASSWORD)
    page.click("form[action='/login'] .btn-primary")
    page.wait_for_url("**/login/second")
    looked_at(page, "keys_5_second")
    page.click("text=Use your passkey")
    page.wait_for_url(lambda url: url.endswith("/"))
    site.clock.advance(601)
    page.goto("/account/factors/passkeys/new")
    page.wait_for_url("**/step-up?**")
    looked_at(page, "keys_6_step_up")
    page.click("text=Use your passkey")
    page.wait_for_url("**/account/factors/passkeys/new")
    page.goto("/lab")
    page.click("#board form[action='/lab/send'] button")  # the page that comes back has its passkey offered as well
    expect(page.locator("code:text-is('POST /lab/send')").first).to_be_visible()
    page.click("#board .sure summary")
    looked_at(page, "keys_7_lab")
    page.click("#board >> text=Use your passkey")
    page.wait_for_url("**/lab")
    expect(page.locator("[data-fresh]")).to_contain_text("phr")
    log_out(page)
    listed = at_a_name.new_page()  # its script finds the list, so the page logs in by itself
    console.watch(listed)
    listed.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => true")
    own = Device(listed)
    for credential in device.tell("getCredentials")["credentials"]:  # type: ignore[attr-defined]
        own.tell("addCredential", credential=credential)
    listed.goto("/login?next=/account")
    listed.wait_for_url("**/account")
    assert [m for m in console.messages if "Failed to load resource" not in m] == []


def test_the_button_ends_the_request_of_the_list(at_a_name: BrowserContext, console: Console) -> None:
    """A request that waits in the browser's list is ended by the click, which asks anew."""
    page = at_a_name.new_page()
    console.watch(page)
    page.add_init_script(WATCH)
    Device(page).tell("setAutomaticPresenceSimulation", enabled=False)
    page.goto("/login")
    page.wait_for_function("asked.length == 1")
    page.click("text=Log in with a passkey")
    page.wait_for_function("asked.length == 2")
    assert page.evaluate("asked.map((one) => [one.mediation ?? '', one.signal?.aborted ?? false])") == [
        ["conditional", True],
        ["", False],
    ]
    expect(page.locator("[data-passkey-ask] + p")).to_be_empty()
    assert console.messages == []


def test_in_korean_in_the_dark(site: Server, chromium: Chromium, console: Console) -> None:
    """On a phone: the list with a fold open, and the login page that offers a passkey."""
    context = chromium.new_context(
        base_url=named(site), locale="ko-KR", color_scheme="dark", viewport={"width": 390, "height": 800}
    )
    context.set_default_timeout(10_000)
    context.add_init_script(NO_LIST)
    page = context.new_page()
    console.watch(page)
    Device(page)
    sign_up(page, "keys_ko")
    execute(site, "UPDATE users SET email_verified_at = 1 WHERE username = 'keys_ko'")
    page.goto("/account/factors/passkeys/new")
    looked_at(page, "keys_ko_1_new")
    page.click("[data-passkey-ask]")
    expect(page.locator(".codes li")).to_have_count(10)
    page.goto("/account/factors")
    page.click("summary")
    looked_at(page, "keys_ko_2_list")
    log_out(page)
    looked_at(page, "keys_ko_3_login")
    context.close()
    assert [m for m in console.messages if "Failed to load resource" not in m] == []


def test_without_script_or_passkeys(site: Server, at_a_name: BrowserContext, open_page: OpenPage) -> None:
    """No word of passkeys is shown, without JavaScript or in a browser without its functions."""
    without = open_page(f"{named(site)}/login", js=False)
    older = at_a_name.new_page()
    older.add_init_script("delete PublicKeyCredential.parseCreationOptionsFromJSON")
    older.goto("/login")
    for page in (without, older):
        expect(page.locator("#password")).to_be_visible()
        expect(page.locator("text=passkey")).to_be_hidden()
