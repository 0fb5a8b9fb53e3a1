"""The main job in a real browser: signing up, staying logged in, logging out."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PASSWORD
from tests.support.chromium import Console, OpenPage, await_focus, await_notice, findings, scrolls_sideways, sign_up
from tests.support.commands import run_command
from tests.support.server import Server


def name() -> str:
    return f"e{secrets.token_hex(5)}"


def fill_in_sign_up(page: Page, username: str) -> None:
    """Sign up as a visitor does."""
    page.goto("/signup")
    await_focus(page)
    page.fill("[name=username]", username)
    page.fill("[name=email]", f"{username}@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/")


@pytest.mark.parametrize("js", [True, False])
def test_a_form_opened_before_the_access_token_expired_is_not_lost(site: Server, open_page: OpenPage, js: bool) -> None:
    """Sign up, wait out the access token, send the form: saved, same page, new cookies, still logged in."""
    page = open_page("/", js=js)
    fill_in_sign_up(page, name())
    page.goto("/account")
    before = {c["name"]: c["value"] for c in page.context.cookies()}
    site.clock.advance(700)
    page.fill("[name=name]", "Ada Lovelace")
    page.click("main form button")
    await_notice(page, "Saved")
    assert page.input_value("[name=name]") == "Ada Lovelace"
    after = {c["name"]: c["value"] for c in page.context.cookies()}
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]


def test_a_notice_is_said_once(open_page: OpenPage) -> None:
    """Reloading the page does not say again that something was saved."""
    page = open_page("/account", user=name())
    page.click("main form button")
    await_notice(page, "Saved")
    page.wait_for_url("**/account")
    page.reload()
    assert page.locator("main .notice:has-text('Saved')").count() == 0


def test_back_after_log_out_shows_nothing(open_page: OpenPage) -> None:
    """Neither the cache nor the back-forward cache brings the account back."""
    who = name()
    page = open_page("/account", user=who)
    page.click("header form[action='/logout'] button")
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_load_state()
    assert who not in page.content()


def test_cookies_are_out_of_reach_of_scripts(open_page: OpenPage) -> None:
    """Scripts read neither token, and without the box ticked the cookies end with the browser."""
    page = open_page("/", user=name())
    assert "token" not in page.evaluate("document.cookie")
    cookies = {c["name"]: c for c in page.context.cookies()}
    for token in ("access_token", "refresh_token"):
        assert cookies[token]["httpOnly"]
        assert cookies[token]["sameSite"] == "Lax"
        assert cookies[token]["expires"] == -1, "not kept: the box was not ticked"


def test_keep_me_logged_in_outlives_the_browser(open_page: OpenPage) -> None:
    """With the box ticked the refresh cookie has an expiry date."""
    who = name()
    page = open_page("/", user=who)
    page.click("header form[action='/logout'] button")
    await_focus(page)
    page.fill("[name=username]", who)
    page.fill("[name=password]", "a perfectly fine sentence")
    page.check("[name=remember]")
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/")
    cookies = {c["name"]: c for c in page.context.cookies()}
    assert cookies["refresh_token"]["expires"] > 0


def test_two_tabs_with_one_expired_token(site: Server, open_page: OpenPage) -> None:
    """Both tabs are served, neither is logged out, and both go on afterwards."""
    first = open_page("/", user=name())
    second = open_page("/account", context=first.context)
    site.clock.advance(700)
    first.evaluate("""() => Promise.all([1,2,3,4,5,6].map(() => fetch("/test/me")))""")
    second.reload()
    first.goto("/account")
    for page in (first, second):
        assert page.url.endswith("/account")


PAGES = ["/", "/login", "/login?notice=reuse", "/signup", "/nothing-here"]
OWN_PAGES = ["/", "/account"]
CUT = """[...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth)
  .map((card) => card.className)"""


def test_axe_finds_nothing(open_page: OpenPage) -> None:
    """axe finds nothing on any page, signed in or not, in light and in dark."""
    page = open_page()
    found = {}
    for path in PAGES:
        page.goto(path)
        found[path] = findings(page, dark_too=True)
    page.goto("/signup")
    page.click("main form button")  # every field wrong
    found["/signup with errors"] = findings(page, dark_too=True)
    sign_up(page, name())
    for path in OWN_PAGES:
        page.goto(path)
        found[f"own {path}"] = findings(page, dark_too=True)
    assert {path: f for path, f in found.items() if f} == {}


def test_axe_finds_nothing_in_forced_colours_and_for_administrators(site: Server, open_page: OpenPage) -> None:
    """Administration with every fold open, an error page, the lab and an act, also in the reader's own colours."""
    who = name()
    page = open_page("/", user=who)
    run_command(site.settings, "users", "set-role", who, "admin")
    page.goto("/admin")
    person = page.locator("main th a").first.get_attribute("href") or ""
    page.emulate_media(reduced_motion="reduce")
    found = {}
    for path in ("/admin", person, "/nothing-here", "/lab", "/lab/acts/first"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        found[path] = findings(page, dark_too=path == person)
        page.emulate_media(forced_colors="active")
        found[f"{path} in forced colours"] = findings(page)
        page.emulate_media(forced_colors="none")
    assert {path: f for path, f in found.items() if f} == {}


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_nothing_scrolls_sideways_and_the_console_stays_silent(
    open_page: OpenPage, console: Console, locale: str
) -> None:
    """No page scrolls sideways at 320 px in either language, and the content policy has nothing to report."""
    page = open_page(width=320, locale=locale)
    for path in PAGES:
        page.goto(path)
        assert not scrolls_sideways(page), path
    sign_up(page, name())
    for path in OWN_PAGES:
        page.goto(path)
        assert not scrolls_sideways(page), path
    assert [m for m in console.messages if "404" not in m] == []


def test_language_and_theme_are_kept(open_page: OpenPage) -> None:
    """Chosen as a stranger, kept through sign-up, stored with the account."""
    page = open_page("/")
    page.click("header button[name=language][value=ko]")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.click("header button[name=theme]")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    fill_in_sign_up(page, name())
    page.goto("/account")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_keyboard_alone_logs_in(site: Server, open_page: OpenPage) -> None:
    """A user logs in with the keyboard alone."""
    who = name()
    site.browser().sign_up(who)
    page = open_page("/login")
    page.focus("[name=username]")
    page.keyboard.type(who)
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "password":
            break
    page.keyboard.type("a perfectly fine sentence")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    assert who in page.content()


def test_the_longest_names_break_no_page(open_page: OpenPage) -> None:
    """Users choose long names, and no page breaks over them, the administrator's list included."""
    page = open_page("/account", user=f"Wolfeschlegelsteinhausen{secrets.token_hex(4)}")
    page.fill("[name=name]", "W" * 80)
    page.click("main form button.btn-primary")
    for path in ("/", "/account", "/account/sessions", "/lab"):
        page.goto(path)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert not scrolls_sideways(page), (path, width)
            assert page.evaluate(CUT) == [], (path, width)


def test_what_needs_scripts_is_not_shown_without_them(open_page: OpenPage) -> None:
    """Without scripts the lab hides the controls that need them."""
    page = open_page("/lab", user=name(), js=False)
    assert not page.locator("[data-auto]").is_visible()
    assert not page.locator("[data-live]").is_visible()
