"""The lab and the inspector in a real browser: every case, lever, act, step of the tour, with scripts and without."""

from __future__ import annotations

import re
import secrets
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import OpenPage, findings, scrolls_sideways, sign_up
from tests.support.server import Server

ACTS = {
    "tabs": "Eight tabs at once",
    "lost": "The lost response",
    "thief": "The token thief",
    "logout": "Logout during a refresh",
    "slow": "The slow page",
}

SETTLED = """Promise.all(document.getAnimations()
  .filter(a => a.effect.getTiming().iterations === 1).map(a => a.finished))"""
TOUCHING = """() => {
  const texts = [...document.querySelectorAll("#board svg.timeline text")].filter(t => t.textContent.trim());
  const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]);
  const beside = (p, q) => p.right - 1 <= q.left || q.right - 1 <= p.left;
  const apart = (p, q) => beside(p, q) || p.bottom - 1 <= q.top || q.bottom - 1 <= p.top;
  return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([, q]) => !apart(p, q)).map(([b]) => [a, b]));
}"""

BOTH = pytest.mark.parametrize("js", [True, False], ids=["scripts", "no-scripts"])


@pytest.fixture(autouse=True)
def _the_clock_of_this_machine(site: Server) -> None:
    """The page counts down by the browser's clock, so the server's starts where it is."""
    site.clock.set(max(site.clock(), int(time.time())))


def enter(open_page: OpenPage, **options: object) -> Page:
    page = open_page("/signup", **options)
    sign_up(page, f"u{secrets.token_hex(5)}")
    page.goto("/lab")
    return page


def pull(page: Page, lever: str, within: str = "#board") -> None:
    page.click(f'{within} form[action="/lab/{lever}"] button')


def expect_next(page: Page, case: int) -> None:
    expect(page.locator("#next")).to_contain_text(f"case {case}")
    lit = page.locator(".cases tbody tr[aria-current]")
    expect(lit).to_have_count(1)
    expect(lit.locator(".mark").first).to_have_text(str(case))
    expect(lit).to_contain_text("Your next request")


def expect_newest(page: Page, case: int, path: str) -> None:
    """The newest card that is not the page's own."""
    card = page.locator(".events > li", has=page.locator(f'code:text-is("POST {path}")')).first
    expect(card).to_contain_text(f"Case {case}")


@BOTH
def test_through_all_four_cases(open_page: OpenPage, js: bool) -> None:
    """Each lever lights its row, the next request takes it, and the last one ends at the log-in page."""
    page = enter(open_page, js=js)
    expect_next(page, 4)
    pull(page, "send")
    expect_newest(page, 4, "/lab/send")
    for lever, case in (("expire/access", 2), ("expire/refresh", 3)):
        pull(page, lever)
        expect_next(page, case)
        pull(page, "send")
        expect_next(page, 4)
        expect_newest(page, case, "/lab/send")
    pull(page, "expire/both")
    expect_next(page, 1)
    pull(page, "send")
    page.wait_for_url("**/login**")
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert not names & {"access_token", "refresh_token"}


@BOTH
def test_the_fast_clock_and_back(open_page: OpenPage, site: Server, js: bool) -> None:
    """15 seconds later the access token is over, 45 later both: by the server's clock, which the page follows."""
    page = enter(open_page, js=js)
    pull(page, "clock/fast")
    expect(page.locator("#board")).to_contain_text("short lifetimes")
    expect(page.locator('[data-countdown="access"] progress')).to_have_attribute("max", "15")
    site.clock.advance(16)
    pull(page, "send")
    expect_newest(page, 2, "/lab/send")
    pull(page, "clock/normal")
    expect(page.locator('[data-countdown="access"] progress')).to_have_attribute("max", "600")
    expect(page.locator("#board")).not_to_contain_text("short lifetimes")


def test_the_board_relights_by_itself(open_page: OpenPage, site: Server) -> None:
    """Nobody touches anything: the countdown ends, the row changes, and no cookie did."""
    page = enter(open_page)
    pull(page, "clock/fast")
    expect(page.locator("#board")).to_contain_text("short lifetimes")
    page.clock.install()
    page.reload()
    before = {c["name"]: c["value"] for c in page.context.cookies()}
    expect_next(page, 4)
    site.clock.advance(16)
    page.clock.fast_forward(16_000)
    expect_next(page, 2)
    expect(page.locator('[data-countdown="access"] .pill')).to_have_text("expired")
    site.clock.advance(30)
    page.clock.fast_forward(30_000)
    expect_next(page, 1)
    assert {c["name"]: c["value"] for c in page.context.cookies()} == before


@BOTH
def test_every_act(open_page: OpenPage, js: bool) -> None:
    """Two workers, each asking itself: every act ends as it says, is drawn and told, and I stay logged in."""
    page = enter(open_page, js=js)
    for act, title in ACTS.items():
        pull(page, f"act/{act}#theatre", "#theatre")
        scene = page.locator(".scene")
        expect(scene.locator("h3")).to_have_text(title)
        expect(scene.locator(".notice-ok")).to_be_visible()
        expect(scene.locator("svg.timeline")).to_be_visible()
        assert scene.locator(".story > li").count() >= 2
    page.goto("/lab")
    expect_next(page, 4)


@BOTH
def test_the_tour(open_page: OpenPage, js: bool) -> None:
    """Its five steps, by their own buttons."""
    page = enter(open_page, js=js)
    assert page.locator(".tour > li").count() == 5
    pull(page, "send", "#tour")
    expect_next(page, 4)
    for lever, case in (("expire/access", 2), ("expire/refresh", 3)):
        pull(page, lever, "#tour")
        expect_next(page, case)
        pull(page, "send", "#tour")
        expect_newest(page, case, "/lab/send")
    pull(page, "act/thief#theatre", "#tour")
    expect(page.locator(".scene .notice-ok")).to_be_visible()
    pull(page, "expire/both", "#tour")
    expect_next(page, 1)


@BOTH
def test_a_cell_of_the_matrix(open_page: OpenPage, js: bool) -> None:
    page = enter(open_page, js=js)
    page.click("#matrix summary")
    page.click('[data-cell="expired/reused"] button')
    expect(page.locator("#matrix .notice-ok")).to_contain_text("an old refresh token came back")
    expect(page.locator('[data-cell="expired/reused"].is-seen')).to_be_visible()
    expect(page.locator("#matrix .badge")).to_contain_text("of 29 cells seen")


def test_by_keyboard_alone(open_page: OpenPage) -> None:
    """Tab to a lever, press Enter, and the focus is still there; the tables that scroll can be reached too."""
    page = enter(open_page)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('form')?.getAttribute('action')") == "/lab/expire/access":
            break
    page.keyboard.press("Enter")
    expect_next(page, 2)
    assert page.evaluate("document.activeElement.closest('form')?.getAttribute('action')") == "/lab/expire/access"
    assert page.locator(".timeline-x[tabindex='0']").count() == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", ["/lab", "/inspector"])
def test_axe_finds_nothing(open_page: OpenPage, path: str, dark: bool) -> None:
    page = enter(open_page, dark=dark)
    if path == "/lab":
        pull(page, "expire/access")
        expect_next(page, 2)
        page.click("#matrix summary")
        pull(page, "act/thief#theatre", "#theatre")
        expect(page.locator(".scene .notice-ok")).to_be_visible()
    else:
        page.goto(path)
        page.click("button[value=none]")
    page.mouse.move(0, 0)
    page.evaluate(
        "Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations === 1).map(a => a.finished))"
    )
    assert findings(page) == []


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_scrolls_sideways_on_a_phone(open_page: OpenPage, width: int, locale: str) -> None:
    page = enter(open_page, width=width, locale=locale)
    page.click("#matrix summary")
    pull(page, "act/tabs#theatre", "#theatre")
    expect(page.locator(".scene .notice-ok")).to_be_visible()
    assert not scrolls_sideways(page)
    page.goto("/inspector")
    assert not scrolls_sideways(page)


def test_no_two_texts_of_the_timeline_touch(open_page: OpenPage) -> None:
    """Many requests in one second, then some more: marks move to other rows instead of lying on each other."""
    page = enter(open_page)
    for lever in ("send", "expire/access", "send", "expire/refresh", "send", "send"):
        pull(page, lever)
        page.wait_for_load_state("networkidle")
    page.reload()
    touching = page.evaluate(TOUCHING)
    assert touching == []


def test_the_timeline_fits_whatever_is_no_phone(open_page: OpenPage) -> None:
    """It scrolls only where it must: a timeline that hangs over by a little hides the first letters of its lanes."""
    page = enter(open_page)
    for width in (1280, 1200, 900, 700):
        page.set_viewport_size({"width": width, "height": 900})
        hidden = page.locator(".timeline-x").evaluate("box => box.scrollWidth - box.clientWidth")
        assert hidden == 0, width


# -- the inspector -----------------------------------------------------------------------------------------------------


@BOTH
def test_a_stranger_builds_tokens(open_page: OpenPage, js: bool) -> None:
    """With each algorithm: a key is generated, the token built, and its signature found right."""
    page = open_page("/inspector", js=js)
    page.fill("#claims", '{"sub": "me"}')
    for alg in ("RS256", "PS256", "ES256", "EdDSA", "HS256"):
        page.select_option("#alg", alg)
        page.click("button[value=generate]")
        expect(page.locator(".area-header")).to_contain_text(alg)
        expect(page.locator(".check-row").first).to_contain_text("Valid")
        expect(page.locator(".area-claims")).to_contain_text("me")
    assert page.url.endswith("/inspector")


def test_the_parts_follow_as_one_types(open_page: OpenPage) -> None:
    page = open_page("/inspector")
    token = page.input_value("#token")
    page.fill("#token", token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"))
    expect(page.locator(".check-row").first).to_contain_text("Invalid")
    page.fill("#token", "nonsense")
    expect(page.locator("#token-error")).to_contain_text("three parts")
    page.fill("#token", token)
    expect(page.locator(".check-row").first).to_contain_text("Valid")
    expect(page.locator("#token-error")).to_be_empty()


def test_dates_are_in_the_readers_zone(open_page: OpenPage) -> None:
    page = open_page("/inspector")
    shown = page.locator("time[data-instant]").first
    seconds = int(shown.get_attribute("data-instant") or 0)
    zone = page.evaluate("new Intl.DateTimeFormat().resolvedOptions().timeZone")
    local = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    expect(shown).to_have_text(re.compile(rf"^{local:%b} {local.day}, {local:%Y, %H:%M:%S}\s\S+$"))
