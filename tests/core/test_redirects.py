"""`next` never leaves this origin (CWE-601)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.core.redirects import safe_next

GOOD = [
    "/",
    "/account",
    "/account?tab=1&x=%2F%2Fevil.example",
    "/lab/#top",
    "/a//b",
    "/a/../b",
    "/%09/evil.example",
    "/@evil",
]

HOSTILE = [
    None,
    "",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    " /account",
    "/account ",
    "/a b",
    "/a\x00b",
    "/a\x7fb",
    "/a\x85b",
    "/a\u2028b",
    "/\u3000/evil.example",
    "/\uff0fevil.example",
    "/\u2215evil.example",
    "/\ud800",
    "http://evil.example",
    "https://evil.example/",
    "HTTPS:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "evil.example",
    "account",
    "?next=/account",
    "#top",
    "../account",
    "@evil.example",
    ":80",
    "/a\\b",
    "/login",
    "/login?next=/login",
    "/logout",
    "/signup#x",
    "//[::1",
    "http://[::1",
    "/" + "a" * 2000,
]


@pytest.mark.parametrize("target", GOOD)
def test_own_paths_are_kept(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize("target", HOSTILE)
def test_everything_else_goes_home(target: str | None) -> None:
    assert safe_next(target) == "/"
    assert safe_next(target, "/account") == "/account"


def as_a_browser_reads(base: str, target: str) -> str:
    """WHATWG URL: control characters at the ends and tabs and newlines anywhere are dropped, `\\` is `/`."""
    text = target.strip("".join(map(chr, range(33))))
    for dropped in "\t\n\r":
        text = text.replace(dropped, "")
    return urljoin(base, text.replace("\\", "/"))


slashes_and_tricks = st.text(alphabet="/\\\t\n\r :@?#.%aehps\x00\u2028\uff0f", max_size=12)


@given(st.one_of(st.text(), slashes_and_tricks, slashes_and_tricks.map(lambda t: "/" + t + "evil.example")))
@example("/" + "/".join(["", "evil.example"]))
def test_whatever_is_sent_stays_on_this_origin(target: str) -> None:
    url = urlsplit(as_a_browser_reads("https://login.example.com/login", safe_next(target)))
    assert (url.scheme, url.netloc) == ("https", "login.example.com")
