"""The lab and the inspector in a real browser: every case, lever, act, step of the tour, with scripts and without."""

from __future__ import annotations

import base64
import re
import secrets
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import PASSWORD
from tests.support.chromium import SETTLED, OpenPage, findings, scrolls_sideways
from tests.support.server import Server

ACTS = {
    "tabs": "Eight tabs at once",
    "lost": "The lost response",
    "thief": "The token thief",
    "first": "The thief comes first",
    "copy": "The copy before",
    "logout": "Logout during a refresh",
    "slow": "The slow page",
}

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
    return open_page("/lab", user=f"u{secrets.token_hex(5)}", **options)


def pull(page: Page, lever: str, within: str = "#board", *, view: str = "") -> None:
    page.click(f'{within} form[action="/lab/{lever}{view}"] button')


def expect_next(page: Page, case: int) -> None:
    expect(page.locator("#next")).to_contain_text(f"case {case}")
    field = page.locator(".square [aria-current]")
    expect(field).to_have_count(1)
    expect(field).to_have_attribute("data-field", str(case))
    expect(page.locator("[data-square]")).to_have_attribute("data-case", str(case))
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
    """Each lever lights its row, the next request takes it, and the last one ends at the login page."""
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
    page = enter(open_page, apart=True)
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
        page.goto(f"/lab/acts/{act}")
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator(".scene-drawing.is-wide")).to_be_visible()
        assert page.locator(".story > li").count() >= 2
        if js:
            for _line in range(8):
                page.click("[data-forward]")
        expect(page.locator(".scene .notice-ok")).to_be_visible()
    page.goto("/lab")
    expect_next(page, 4)


def test_an_act_plays_line_by_line(open_page: OpenPage) -> None:
    """By itself, by button and by key; parts of a later line are not there yet; the copy is drawn with line 1."""
    page = enter(open_page, apart=True)
    page.clock.install()
    page.goto("/lab/acts/thief")
    told = page.locator(".is-wide [data-line].is-told:not([data-line='0'])")
    assert told.count() == 0
    assert page.locator(".scene-end").is_hidden()
    page.clock.run_for(2_300)
    expect(page.locator(".story > .is-now")).to_have_attribute("data-line", "1")
    assert page.locator(".is-wide .copy.is-told").count() == 1
    page.click("[data-play]")
    page.clock.run_for(10_000)
    expect(page.locator(".story > .is-now")).to_have_attribute("data-line", "1")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".story > .is-now")).to_have_attribute("data-line", "2")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".story > .is-now")).to_have_attribute("data-line", "1")
    page.click("[data-again]")
    page.clock.run_for(12_000)
    expect(page.locator(".scene .notice-ok")).to_be_visible()
    expect(page.locator(".seen-there")).to_contain_text("We ended this session because an old token was used again.")


@pytest.mark.parametrize("act", ["logout", "slow"])
def test_a_late_answer_waits_for_its_line(open_page: OpenPage, act: str) -> None:
    """A request that others overtake asks at once, before they do, and takes its answer from a row that is there."""
    page = enter(open_page)
    page.goto(f"/lab/acts/{act}")
    page.click("[data-play]")
    page.click("[data-forward]")
    expect(page.locator(".story > .is-now")).to_have_attribute("data-line", "1")
    asks, takes = page.locator(".is-wide .hit[data-line='1'] .way").all()
    expect(asks).to_have_css("opacity", "1")
    expect(takes).to_have_css("opacity", "0")
    page.click("[data-forward]")
    page.click("[data-forward]")
    expect(takes).to_have_css("opacity", "1")
    overtaking = page.locator(".is-wide .hit[data-line='2'] .span").bounding_box()
    asked = asks.bounding_box()
    assert asked
    assert overtaking
    assert asked["x"] + asked["width"] < overtaking["x"]


@pytest.mark.parametrize("still", [False, True], ids=["no-scripts", "reduced-motion"])
def test_an_act_is_complete_at_once_where_nothing_moves(open_page: OpenPage, still: bool) -> None:
    """Without scripts, or with reduced motion, all steps of an act are visible at once."""
    page = enter(open_page, js=still)
    page.emulate_media(reduced_motion="reduce" if still else "no-preference")
    page.goto("/lab/acts/lost")
    expect(page.locator(".scene .notice-ok")).to_be_visible()
    seen = page.locator(".is-wide .hit").evaluate_all("all => all.map(e => getComputedStyle(e).opacity)")
    assert seen == ["1"] * 3


def test_lanes_stand_upright_on_a_phone(open_page: OpenPage) -> None:
    """Nobody has to scroll sideways to see the thief."""
    page = enter(open_page, width=390)
    page.goto("/lab/acts/thief")
    assert page.locator(".is-upright").is_visible()
    assert page.locator(".is-wide").is_hidden()
    assert page.locator(".is-upright").evaluate("e => e.getBoundingClientRect().right <= innerWidth")


@BOTH
def test_the_tour(open_page: OpenPage, js: bool) -> None:
    """Its first five steps, by their own buttons and links, each beside the board; done steps are ticked."""
    page = enter(open_page, js=js)
    page.click(".jumps a:text-is('Guided tour')")
    for step, (lever, case) in enumerate(((None, 4), ("expire/access", 2), ("expire/refresh", 3)), start=1):
        expect(page.locator("#tour-title")).to_contain_text(f"{step} of 6")
        if lever:
            pull(page, lever, "#tour", view=f"?step={step}")
            expect_next(page, case)
        pull(page, "send", "#tour", view=f"?step={step}")
        expect(page.locator("#strip")).to_contain_text(f"That was case {case}.")
        assert page.locator("#tour .tick").count() >= step
        page.click("#tour a:text-is('Next step')")
    expect(page.locator("#tour a:text-is('Play “The token thief”')")).to_have_attribute("href", "/lab/acts/thief")
    page.click("#tour a:text-is('Next step')")
    pull(page, "expire/both", "#tour", view="?step=5")
    expect_next(page, 1)
    pull(page, "send", "#tour", view="?step=5")
    page.wait_for_url("**/login**")


def test_the_list_of_contents_stays_in_sight_and_covers_no_heading(open_page: OpenPage) -> None:
    """On a desktop it is above each section that it leads to; on a phone and in a low window it scrolls away."""
    page = enter(open_page)
    jumps, heading = page.locator(".jumps"), page.locator("#tokens h2").first
    for width, height, stays in ((1280, 800, True), (1280, 700, False), (390, 844, False)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("location.hash = ''; location.hash = '#tokens'")
        list_, title = jumps.bounding_box(), heading.bounding_box()
        assert list_ is not None
        assert title is not None
        assert (list_["y"] >= 0) is stays, (width, height)
        assert list_["y"] + list_["height"] <= title["y"], (width, height)


PLACES = """places => Object.fromEntries(Object.entries(places).map(([name, where]) => {
  const box = document.querySelector(where).getBoundingClientRect();
  return [name, [box.top, box.bottom]];
}))"""


def test_cause_and_effect_are_on_one_screen(open_page: OpenPage) -> None:
    """Levers, square, sentence and timeline within 780 px of a desktop's page: nothing to scroll, nothing jumps."""
    page = enter(open_page)
    places = {"levers": "#board .levers", "square": ".square", "strip": "#strip", "timeline": "#board svg.timeline"}

    def boxes() -> dict[str, list[float]]:
        """Top and bottom of each, at one moment."""
        found: dict[str, list[float]] = page.evaluate(PLACES, places)
        return found

    fresh = boxes()
    assert all(bottom <= 780 for _top, bottom in fresh.values()), fresh
    for lever in ("expire/access", "send", "expire/refresh", "send"):
        pull(page, lever)
        expect(page.locator("#said")).not_to_be_empty()
        page.wait_for_timeout(100)
        assert boxes() == fresh, lever
    assert page.evaluate("scrollY") == 0


def test_a_phone_has_its_levers_at_hand(open_page: OpenPage) -> None:
    """A bar that stays: wherever the page is scrolled to, the four levers are in view."""
    page = enter(open_page, width=390, height=844)
    page.evaluate("scrollTo(0, 900)")
    bar = page.locator(".dock").bounding_box()
    assert bar
    assert bar["y"] + bar["height"] <= 844
    page.click(".dock form[action='/lab/expire/access'] button")
    expect_next(page, 2)


def test_a_silent_renewal_is_seen(open_page: OpenPage) -> None:
    """The wonder of the product is no detail. At least 4 % of the first screen change."""
    page = enter(open_page)
    pull(page, "expire/access")
    expect_next(page, 2)
    page.wait_for_timeout(1000)  # the dot slides, chips flash
    before = page.screenshot()
    pull(page, "send")
    expect_next(page, 4)
    page.wait_for_timeout(1000)
    assert changed_share(page, before, page.screenshot()) >= 0.04


CHANGED = """async ([before, after]) => {
  const draw = async (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, image.width, image.height).data;
  };
  const [a, b] = [await draw(before), await draw(after)];
  let changed = 0;
  for (let i = 0; i < a.length; i += 4) changed += a[i] !== b[i] || a[i + 1] !== b[i + 1] || a[i + 2] !== b[i + 2];
  return changed / (a.length / 4);
}"""


def changed_share(page: Page, before: bytes, after: bytes) -> float:
    """Share of the pixels that differ between two pictures."""
    texts = [base64.b64encode(picture).decode() for picture in (before, after)]
    return float(page.evaluate(CHANGED, texts))


@BOTH
def test_large_for_a_projector(open_page: OpenPage, js: bool) -> None:
    """Larger letters, all of the board on 1920 x 1080, and it stays so after a lever, with or without scripts."""
    page = enter(open_page, width=1920, height=1080, js=js)
    page.click("a:text-is('Large, for a projector')")
    pull(page, "expire/access", view="?large=1")
    expect_next(page, 2)
    box = page.locator("#board").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 1080
    size = page.locator("#strip .strip-words").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 22


@BOTH
def test_a_cell_of_the_matrix(open_page: OpenPage, js: bool) -> None:
    """A cell of the matrix is staged by a click, shows its outcome and counts as seen."""
    page = enter(open_page, js=js)
    page.click("#matrix summary")
    page.click('[data-cell="expired/reused"] button')
    expect(page.locator("#matrix .notice-ok")).to_contain_text("an old refresh token came back")
    expect(page.locator('[data-cell="expired/reused"].is-seen')).to_be_visible()
    expect(page.locator("#matrix .badge")).to_contain_text("of 33 cells seen")


def test_another_theme_uses_up_nothing(open_page: OpenPage) -> None:
    """It changes in place and stays, because the case that a control has prepared is still to come."""
    page = enter(open_page)
    pull(page, "expire/access")
    expect_next(page, 2)
    with page.expect_response("**/preferences"):
        page.click("[name=theme]:visible")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("[name=theme]:visible")).to_have_attribute("value", "dark")
    expect_next(page, 2)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("#strip")).to_contain_text("That was case 2.")


def test_cards_that_were_opened_stay_open(open_page: OpenPage) -> None:
    """The newest request's card is open by itself and closes for the next one; one that the reader opened stays."""
    page = enter(open_page)
    pull(page, "send")
    opened = page.locator(".events > li:nth-child(2) details")
    expect(opened).not_to_have_attribute("open", "")
    opened.locator("summary").click()
    pull(page, "send")
    expect(page.locator(".events > li")).to_have_count(3)
    states = page.locator(".events details").evaluate_all("all => all.map(card => card.open)")
    assert states == [True, False, True]


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


@pytest.mark.parametrize("path", ["/lab", "/inspector", "/lab?step=2&large=1", "/lab/acts/thief"])
def test_axe_finds_nothing(open_page: OpenPage, path: str) -> None:
    """axe finds nothing in the lab and the inspector, in light and in dark."""
    page = enter(open_page)
    if path == "/lab":
        pull(page, "expire/access")
        expect_next(page, 2)
        page.click("#matrix summary")
    else:
        page.emulate_media(reduced_motion="reduce")
        page.goto(path)
    if path == "/inspector":
        page.click("button[value=none]")
    page.mouse.move(0, 0)
    page.evaluate(SETTLED)
    assert findings(page, dark_too=True) == []


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_nothing_scrolls_sideways_on_a_phone(open_page: OpenPage, locale: str) -> None:
    """The lab and the inspector fit a phone, in both languages."""
    page = enter(open_page, locale=locale)
    for path in ("/lab", "/lab?step=2", "/lab/acts/tabs", "/inspector"):
        page.goto(path)
        if path == "/lab":
            page.click("#matrix summary")
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert not scrolls_sideways(page), (path, width)


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
    """It scrolls only where it must, because a timeline that hangs over by a little hides the first letters of its
    lanes."""
    page = enter(open_page)
    for width in (1280, 1200, 900, 700):
        page.set_viewport_size({"width": width, "height": 900})
        hidden = page.locator(".timeline-x").evaluate("box => box.scrollWidth - box.clientWidth")
        assert hidden == 0, width


# -- the inspector -----------------------------------------------------------------------------------------------------


def signature(page: Page) -> Locator:
    """The verifier's step that looks at the signature."""
    return page.locator(".verifier-steps > li", has=page.locator("b:text-is('Signature')"))


@BOTH
def test_a_stranger_builds_tokens(open_page: OpenPage, js: bool) -> None:
    """With each algorithm: a key is generated, the token built, and its signature found right."""
    page = open_page("/inspector", js=js)
    page.fill("#claims", '{"sub": "me"}')
    for alg in ("RS256", "PS256", "ES256", "EdDSA", "HS256"):
        page.select_option("#alg", alg)
        page.click("button[value=generate]")
        expect(page.locator("[aria-labelledby=header-title]")).to_contain_text(alg)
        expect(signature(page)).to_contain_text("passed")
        expect(page.locator("[aria-labelledby=claims-title]")).to_contain_text("me")
    assert page.url.endswith("/inspector")


def test_the_parts_follow_as_one_types(open_page: OpenPage) -> None:
    """The inspector's verdict follows each change of the token without a reload."""
    page = open_page("/inspector")
    token = page.input_value("#token")
    page.fill("#token", token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"))
    expect(signature(page)).to_contain_text("failed")
    page.fill("#token", "nonsense")
    expect(page.locator("#token-error")).to_contain_text("not a JWT")
    page.fill("#token", token)
    expect(signature(page)).to_contain_text("passed")
    expect(page.locator("#token-error")).to_be_empty()


def test_dates_are_in_the_readers_zone(open_page: OpenPage) -> None:
    """A date in the inspector is in the time zone of the browser."""
    page = open_page("/inspector")
    shown = page.locator("time[data-instant]").first
    seconds = int(shown.get_attribute("data-instant") or 0)
    zone = page.evaluate("new Intl.DateTimeFormat().resolvedOptions().timeZone")
    local = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    expect(shown).to_have_text(re.compile(rf"^{local:%b} {local.day}, {local:%Y, %H:%M:%S}\s\S+$"))


def test_proving_it_again_ticks(open_page: OpenPage, site: Server) -> None:
    """The line counts down by itself and ends; a wrong password is said beside its field; the right one begins anew."""
    page = enter(open_page)
    line = page.locator("[data-fresh]")
    expect(line).to_contain_text("fresh until")
    before = line.locator("[data-left]").inner_text()
    expect(line.locator("[data-left]")).not_to_have_text(before)
    site.clock.advance(601)
    page.reload()
    expect(line.locator("span").nth(1)).to_be_visible()
    expect(line.locator("span").first).to_be_hidden()
    page.click("#board .sure summary")
    for typed in ("wrong", PASSWORD):
        page.fill("#prove-password", typed)
        pull(page, "prove")
        if typed == "wrong":
            expect(page.locator("#prove-error")).to_be_visible()
            assert findings(page) == []
    expect(line).to_contain_text("1fa")
    expect(line.locator("span").first).to_be_visible()
    expect(page.locator("#prove-error")).to_have_count(0)
