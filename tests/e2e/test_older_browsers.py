"""What older browsers lack, taken away from today's: colours, chosen options and the lab's cells stay usable."""

from __future__ import annotations

import re
import secrets

from playwright.sync_api import Page, Route, expect

from tests.support.chromium import OpenPage
from tests.support.server import ROOT

STYLES = "**/css/tokenroom.css"


def without(page: Page, *features: str) -> None:
    """Let the stylesheet come with functions that this browser does not know."""

    def spoil(route: Route) -> None:
        text = route.fetch().text()
        for feature in features:
            text = text.replace(f"{feature}(", f"x-{feature.strip(':')}(" if feature[0] != ":" else ":x-unknown(")
        route.fulfill(body=text, content_type="text/css")

    page.route(STYLES, spoil)


def test_plain_values_are_the_light_side_of_the_pairs() -> None:
    """Written twice, so that no colour depends on light-dark(): both times the same."""
    styles = re.sub(r"/\*.*?\*/", "", (ROOT / "static/css/tokenroom.css").read_text(), flags=re.DOTALL)
    tokens = styles[styles.index("@layer tokens {") : styles.index("@layer base {")]
    plain, pairs = tokens.split("@supports (color: light-dark(#000, #fff))")
    light = dict(re.findall(r"--([\w-]+): light-dark\((.+), [^,]+\);", pairs))
    assert len(light) > 20
    assert {name: value for name, value in re.findall(r"--([\w-]+): (.+);", plain) if name in light} == light
    assert styles.count("light-dark(") == pairs.count("light-dark(") + 1
    assert "color-mix(" not in styles


def test_a_form_is_seen_without_light_dark(open_page: OpenPage) -> None:
    """Safari before 17.5, Chrome before 123, Firefox ESR 115: fields have borders, buttons a ground."""
    page = open_page(apart=True)
    without(page, "light-dark", "color-mix")
    page.goto("/login")
    look = "e => (({borderTopColor: c, borderTopWidth: w, backgroundColor: g}) => [c, w, g])(getComputedStyle(e))"
    assert page.locator("[name=password]").evaluate(look) == ["rgb(127, 137, 161)", "1px", "rgb(255, 255, 255)"]
    assert page.locator("main form .btn-primary").evaluate(look)[2] != "rgba(0, 0, 0, 0)"
    bars = page.locator("svg .bar").evaluate_all("all => all.map(e => getComputedStyle(e).fill)")
    assert bars
    assert "rgb(0, 0, 0)" not in bars


def test_a_dark_reader_gets_light_pages_without_light_dark(open_page: OpenPage) -> None:
    """Half dark would be unreadable, so the browser's own controls stay light as well."""
    page = open_page(apart=True, dark=True)
    without(page, "light-dark")
    page.goto("/login")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_chosen_options_are_seen_without_has(open_page: OpenPage) -> None:
    """Firefox ESR 115: which theme is chosen, and which has the focus."""
    page = open_page(apart=True, user=f"h{secrets.token_hex(5)}")
    without(page, ":has")
    page.goto("/account")
    grounds = page.locator(".option").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
    assert grounds[0] not in grounds[1:3]
    page.keyboard.press("Tab")
    page.locator("[name=theme][value=auto]").focus()
    page.keyboard.press("ArrowRight")
    outlines = page.locator(".option").evaluate_all("all => all.map(e => getComputedStyle(e).outlineStyle)")
    assert outlines[:3] == ["none", "solid", "none"]


def test_cells_of_the_matrix_work_where_form_data_knows_no_button(open_page: OpenPage) -> None:
    """Chrome before 112 and others ignore FormData's second argument."""
    page = open_page(apart=True, user=f"h{secrets.token_hex(5)}")
    page.add_init_script(
        "{ const Own = FormData; window.FormData = class extends Own { constructor(f) { super(f); } }; }"
    )
    page.goto("/lab")
    page.click("#matrix summary")
    page.click('[data-cell="expired/current"] button')
    expect(page.locator("#matrix .notice-ok")).to_be_visible()
