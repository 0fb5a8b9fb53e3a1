"""`next` never leaves this origin (CWE-601)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.core.redirects import address_as_sent, safe_next

GOOD = [
    "/",
    "/account",
    "/account?tab=1&x=%2F%2Fevil.example",
    "/lab/#top",
    "/a//b",
    "/a/../b",
    "/%09/evil.example",
    "/@evil",
    "/a%3Fb",
    "/100%25",
    "/c%23",
    "/my%20report",
    "/%EB%B3%B4%EA%B3%A0%EC%84%9C?%ED%95%9C=%2F",
    "/a|b[1]",
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
    """A path of this origin is kept as it is."""
    assert safe_next(target) == target


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/보고서", "/%EB%B3%B4%EA%B3%A0%EC%84%9C"),
        ("/보고서/a%3Fb?x=100%25", "/%EB%B3%B4%EA%B3%A0%EC%84%9C/a%3Fb?x=100%25"),
        ("/\u1107\u1169", "/%E1%84%87%E1%85%A9"),  # as macOS writes file names
        ("/naïve", "/na%C3%AFve"),
        ("/हिन्दी", "/%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80"),
    ],
)
def test_letters_of_any_language_are_encoded(written: str, sent: str) -> None:
    """A link written by hand is brought to the form that browsers send."""
    assert safe_next(written) == sent
    assert safe_next(sent) == sent


SENT = {
    "/": "/",
    "/보고서".encode().decode("latin-1"): "/%EB%B3%B4%EA%B3%A0%EC%84%9C",
    "/%eb%b3%b4": "/%eb%b3%b4",
    "/a%3Fb": "/a%3Fb",
    "/a%3Fb?c%23=%26": "/a%3Fb?c%23=%26",
    "/100%25": "/100%25",
    "/100%": "/100%",
    "/a?": "/a?",
    "/a?x=1?": "/a?x=1?",
    "/a#b": "/a",
    "/a\\b?c\\d": "/a%5Cb?c%5Cd",
    "/a b": "/a%20b",
    "//evil.example": "//evil.example",
    "http://127.0.0.1:8000/a%3Fb?x": "/a%3Fb?x",
    "HTTP://h": "/",
    "*": "/decoded%3F?q",
    "": "/decoded%3F?q",
    None: "/decoded%3F?q",
    "evil.example": "/decoded%3F?q",
    "/\xff\x00": "/%FF%00",
}


@pytest.mark.parametrize(("target", "address"), SENT.items())
def test_an_address_as_it_was_sent(target: str | None, address: str) -> None:
    """Percent-encoding stays, what is not encoded becomes so, and a server that keeps no target is helped out."""
    assert address_as_sent(target, "/decoded?", "q") == address


@given(st.binary(max_size=40), st.text(max_size=20))
def test_no_address_is_too_odd(target: bytes, path: str) -> None:
    """Any bytes that are sent come out as printable ASCII, or as a target that `safe_next` refuses."""
    for given_target in (target.decode("latin-1"), None):
        address = address_as_sent(given_target, path, "")
        assert address.isascii()
        assert address.isprintable()


@pytest.mark.parametrize("target", HOSTILE)
def test_everything_else_goes_home(target: str | None) -> None:
    """Any other target leads to the home page, or to the given fallback."""
    assert safe_next(target) == "/"
    assert safe_next(target, "/login-app") == "/login-app/"


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/p", "/p"),
        ("/p/account?x=/../q", "/p/account?x=/../q"),
        ("/p/a..b", "/p/a..b"),
        ("/p/login", "/p/"),
        ("/p/../q", "/p/"),
        ("/p/%2E./q", "/p/"),
        ("/p/%2e%2e%2fq", "/p/"),
        ("/p/a%2Fb", "/p/a%2Fb"),
        ("/p/a/.", "/p/"),
        ("/pp", "/p/"),
        ("/", "/p/"),
        ("/account", "/p/"),
    ],
)
def test_below_a_prefix_nobody_leaves_it(target: str, leads_to: str) -> None:
    """Other paths of the host belong to other sites, and a browser takes dots out before it asks."""
    assert safe_next(target, "/p") == leads_to


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
    """A browser that follows the answer stays on this origin, whatever the target says."""
    url = urlsplit(as_a_browser_reads("https://login.example.com/login", safe_next(target)))
    assert (url.scheme, url.netloc) == ("https", "login.example.com")
