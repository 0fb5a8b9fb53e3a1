"""The inspector in a real browser: it follows while you type, errors are in sight, a part lights what it says."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.chromium import OpenPage, findings, scrolls_sideways

HEADLINE = "[data-live-part=headline]"


@pytest.mark.parametrize(
    ("width", "locale", "dark", "example"),
    [(1280, "en-US", False, "good"), (390, "ko-KR", True, "tampered"), (320, "ko-KR", False, "none")],
)
def test_every_example_is_accessible(open_page: OpenPage, width: int, locale: str, dark: bool, example: str) -> None:
    """axe finds nothing, nothing scrolls sideways, and the chosen example is pressed."""
    page = open_page("/inspector", width=width, locale=locale, dark=dark)
    page.click(f"[value={example}]")
    expect(page.locator(f"[value={example}]")).to_have_attribute("aria-pressed", "true")
    assert findings(page) == []
    assert not scrolls_sideways(page)


def test_it_follows_while_one_types(open_page: OpenPage) -> None:
    """The sentence, the steps and the builder follow a pasted token; the example is pressed no longer."""
    page = open_page("/inspector")
    page.fill("#token", "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln")
    page.locator(HEADLINE, has_text="do not fit").wait_for()
    assert page.locator(".verifier-steps .check-bad b").all_inner_texts() == ["Signature"]
    assert page.locator("[aria-pressed=true]").count() == 0
    assert '"sub": "me"' in page.input_value("#claims")


def test_an_error_is_in_sight_and_focused(open_page: OpenPage) -> None:
    """Claims that are no JSON: their field, far down the page, takes the focus; the page says nothing was built."""
    page = open_page("/inspector", width=390)
    page.fill("#claims", "{nope")
    page.click("[value=build]")
    page.wait_for_selector("#claims:focus")
    top = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert 0 <= top <= page.evaluate("innerHeight")
    assert page.inner_text(HEADLINE).startswith("No token was built.")


def test_a_part_under_the_pointer_lights_its_claims(open_page: OpenPage) -> None:
    """The pointer over the payload outlines the payload's claims."""
    page = open_page("/inspector")
    outline = "getComputedStyle(document.querySelector('.part-payload')).outlineStyle"
    assert page.evaluate(outline) == "none"
    page.hover(".token .t-payload")
    assert page.evaluate(outline) == "solid"
