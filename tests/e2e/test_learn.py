"""The lesson, the quiz and the glossary in a real browser, without scripts as well."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.chromium import OpenPage, findings, scrolls_sideways

PAGES = ("/learn?change=year&text=x", "/learn/quiz?q1=stay&q2=both&q3=end", "/learn/words#grace")


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_axe_finds_nothing(open_page: OpenPage, locale: str) -> None:
    """All three pages in both languages, and dark in English, because both languages have the same colours."""
    page = open_page(locale=locale)
    for path in PAGES:
        page.goto(path)
        assert findings(page, dark_too=locale == "en-US") == []


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_nothing_scrolls_sideways(open_page: OpenPage, locale: str) -> None:
    """From the narrowest phone to a wide screen."""
    page = open_page(locale=locale)
    for path in PAGES:
        page.goto(path)
        for width in (320, 390, 760, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert not scrolls_sideways(page), (path, width)


def test_without_scripts_the_switches_light_their_row(open_page: OpenPage) -> None:
    """Two switches and the stylesheet alone: access expired, refresh valid is row 2."""
    page = open_page("/learn#step-8", js=False)
    rows = page.locator(".cases tbody tr")
    for access, refresh, number in ((True, True, 0), (True, False, 1), (False, True, 2), (False, False, 3)):
        for token, expired in (("access", access), ("refresh", refresh)):
            if page.is_checked(f"#learn-{token}") != expired:
                page.click(f"label[for=learn-{token}]")
        shadows = [rows.nth(n).evaluate("row => getComputedStyle(row).boxShadow") for n in range(4)]
        assert [shadow != "none" for shadow in shadows] == [n == number for n in range(4)]


def test_without_scripts_the_chosen_panel_shows(open_page: OpenPage) -> None:
    """Of the three ways to know a visitor, only the chosen one is described."""
    page = open_page("/learn", js=False)
    panels = page.locator(".choice").first.locator("dl")
    for chosen, value in enumerate(("session", "token", "both")):
        page.check(f"[name=way][value={value}]")
        assert [panels.nth(n).is_visible() for n in range(3)] == [n == chosen for n in range(3)]


def test_without_scripts_the_quiz_is_answered(open_page: OpenPage) -> None:
    """Choose, send, read the reason; the choice stays, and others can be drawn."""
    page = open_page("/learn/quiz", js=False)
    page.check("[name=q1][value=stay]")
    page.click("main form button")
    expect(page.locator(".quiz-reason")).to_have_count(1)
    assert page.is_checked("[name=q1][value=stay]")
    page.click("text=Ten others")
    expect(page.locator(".quiz-reason")).to_have_count(0)
    assert "draw=2" in page.url


def test_the_glossary_fits_one_screen(open_page: OpenPage) -> None:
    """All terms at one look on an ordinary desktop."""
    page = open_page("/learn/words", width=1440, height=1000)
    assert page.locator(".glossary").evaluate("box => box.getBoundingClientRect().height") < 1000
