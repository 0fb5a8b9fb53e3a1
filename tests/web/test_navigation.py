"""The links in the header."""

from __future__ import annotations

import re

import pytest

from tests.support.browser import Browser


@pytest.mark.parametrize(
    ("path", "link", "says"),
    [
        ("/account", "/account", "page"),
        ("/account/password", "/account", "true"),
        ("/account/sessions", "/account", "true"),
        ("/inspector", "/inspector", "page"),
        ("/nowhere", None, None),
    ],
)
def test_the_navigation_marks_one_link(visitor: Browser, path: str, link: str | None, says: str | None) -> None:
    visitor.sign_up()
    marked = re.findall(r'<a href="([^"]+)" aria-current="(\w+)"', visitor.get(path).text)
    assert marked == ([(link, says)] if link else [])
