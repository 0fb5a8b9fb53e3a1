"""Who sent an unsafe request: all combinations of method, Sec-Fetch-Site and Origin."""

from __future__ import annotations

import pytest

from webapp.core.cross_origin import is_cross_origin

OWN = frozenset({"https://login.example.com"})
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "post", "BREW"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_safe_methods_pass(method: str) -> None:
    """A method that changes nothing is never refused, not even from another site."""
    assert not is_cross_origin(method, "cross-site", "https://evil.example", OWN)


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize(
    ("site", "origin", "refused"),
    [
        ("same-origin", None, False),
        ("same-origin", "https://login.example.com", False),
        ("same-origin", "null", False),  # unknown, and Sec-Fetch-Site vouches
        ("same-origin", "https://evil.example", True),  # either may refuse
        ("same-origin", "", True),
        ("none", "https://login.example.com", False),
        ("none", "https://evil.example", True),
        ("none", "null", True),
        ("none", None, False),
        ("same-site", "https://login.example.com", True),  # a sibling subdomain is another site to us
        ("cross-site", "https://login.example.com", True),
        ("cross-site", None, True),
        ("", None, True),
        ("Same-Origin", None, True),
        ("same-origin, cross-site", None, True),
        (None, "https://login.example.com", False),
        (None, "HTTPS://LOGIN.example.com", False),
        (None, "https://login.example.com:444", True),
        (None, "http://login.example.com", True),
        (None, "https://login.example.com.evil.example", True),
        (None, "https://evil.example", True),
        (None, "null", True),
        (None, "", True),
        (None, None, False),  # no browser, so nobody's cookies are abused, and the csrf_token still stands
    ],
)
def test_unsafe_methods(method: str, site: str | None, origin: str | None, refused: bool) -> None:
    """An unsafe request is refused as soon as Sec-Fetch-Site or Origin names another origin."""
    assert is_cross_origin(method, site, origin, OWN) is refused
