"""The lab for people who hear it, who use a keyboard alone, or who see their own colours only."""

from __future__ import annotations

import secrets
import time

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import OpenPage
from tests.support.server import Server

ACTIVE = """() => {
  const button = document.activeElement, section = button.closest("section[id]");
  const box = button.getBoundingClientRect();
  return { section: section?.id, text: button.textContent.trim(), seen: box.top >= 0 && box.bottom <= innerHeight,
           index: section && [...section.querySelectorAll("form[data-lever] button")].indexOf(button) };
}"""


@pytest.fixture
def lab(open_page: OpenPage, site: Server, request: pytest.FixtureRequest) -> Page:
    site.clock.set(max(site.clock(), int(time.time())))
    return open_page("/lab", user=f"a{secrets.token_hex(5)}", apart=getattr(request, "param", False))


def press(page: Page, section: str, lever: str) -> None:
    """By keyboard, and wait for what is said."""
    page.evaluate("document.getElementById('said').textContent = ''")
    page.locator(f'#{section} form[action^="/lab/{lever}"] button').first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).not_to_be_empty()


def test_each_request_is_said(lab: Page) -> None:
    """One live region that stays: what it was, what a lever did, which case comes next."""
    region = lab.locator("#said").element_handle()
    assert region.get_attribute("role") == "status"
    press(lab, "board", "expire/access")
    assert "Then it let your access token expire." in region.inner_text()
    assert "Your next request is case 2" in region.inner_text()
    press(lab, "board", "send")
    assert "case 4" in region.inner_text()
    assert region.evaluate("e => e.isConnected"), "the region is never replaced"
    assert lab.locator("#lab [role=status], #lab [role=alert], #lab [aria-live]").count() == 0


@pytest.mark.parametrize("lab", [True], ids=["apart"], indirect=True)
def test_the_end_of_a_countdown_is_said(lab: Page, site: Server) -> None:
    """Nobody touches anything, and the next request becomes another case."""
    press(lab, "board", "clock/fast")
    lab.clock.install()
    lab.reload()
    site.clock.advance(16)
    lab.clock.fast_forward(16_000)
    lab.clock.run_for(1_000)
    expect(lab.locator("#said")).to_contain_text("case 2")


def test_bars_that_move_are_no_news(lab: Page) -> None:
    """Some screen readers beep at a progress bar that changes; the text beside it says the same."""
    assert lab.locator("progress:not([aria-hidden=true])").count() == 0


@pytest.mark.parametrize(
    ("section", "lever"),
    [("board", "expire/refresh"), ("board", "clock/fast"), ("tour", "expire/access"), ("matrix", "cell")],
)
def test_the_focus_stays_on_the_lever(lab: Page, section: str, lever: str) -> None:
    """Or on the one that took its place, and in view."""
    if section == "tour":
        lab.goto("/lab?step=2")
    elif section == "matrix":
        lab.click("#matrix summary")
    lab.locator(f'#{section} form[action^="/lab/{lever}"] button').first.focus()
    before = lab.evaluate(ACTIVE)
    press(lab, section, lever)
    after = lab.evaluate(ACTIVE)
    assert (after["section"], after["index"]) == (before["section"], before["index"])
    assert after["seen"]
    if lever == "clock/fast":
        assert "Stop" in after["text"]


def test_forced_colours_lose_no_label(open_page: OpenPage, site: Server) -> None:
    """With the reader's own colours each word differs from the shape it stands on."""
    page = open_page(user=f"a{secrets.token_hex(5)}")
    page.emulate_media(forced_colors="active")
    for act in ("thief", "logout"):
        page.goto(f"/lab/acts/{act}")
        pairs = page.locator(".is-wide .bar-label").evaluate_all(
            "all => all.map(e => [e, e.previousElementSibling].map(x => getComputedStyle(x).fill))"
        )
        assert len(pairs) >= 2
        assert all(label != ground for label, ground in pairs), pairs


def test_a_refused_field_has_the_focus(lab: Page) -> None:
    """Never an error out of sight."""
    lab.goto("/account")
    lab.evaluate("document.querySelector('[name=name]').removeAttribute('maxlength')")
    lab.fill("[name=name]", "W" * 81)
    lab.click("main form .btn-primary")
    expect(lab.locator("[name=name]")).to_be_focused()
    assert lab.locator(".error").count() == 1
