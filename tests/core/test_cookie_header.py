"""The strict reader of the Cookie header: a hostile neighbour neither hides nor replaces a token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.cookie_header import SentCookie, read_cookies

NAMES = ("access_token", "refresh_token")

TABLE = [
    ("nothing", None, SentCookie(None)),
    ("empty", "", SentCookie(None)),
    ("alone", "access_token=a.b.c", SentCookie("a.b.c")),
    ("among others", "x=1; access_token=a.b.c; y=2", SentCookie("a.b.c")),
    ("no space between", "x=1;access_token=a.b.c;y=2", SentCookie("a.b.c")),
    ("tabs between", "x=1;\taccess_token=a.b.c\t;y=2", SentCookie("a.b.c")),
    ("empty value", "access_token=", SentCookie("")),
    ("value with =", "access_token=a=b=", SentCookie("a=b=")),
    ("quotes are kept", 'access_token="a.b.c"', SentCookie('"a.b.c"')),
    ("percent is kept", "access_token=a%2Eb", SentCookie("a%2Eb")),
    ("name without =", "access_token", SentCookie(None)),
    ("other case", "Access_Token=a", SentCookie(None)),
    ("longer name", "xaccess_token=a; access_tokenx=b", SentCookie(None)),
    ("prefixed name", "__Host-access_token=a", SentCookie(None)),
    ("space inside the name", "access_token =a", SentCookie(None)),
    ("no-break space before the name", "\xa0access_token=a", SentCookie(None)),
    ("nameless neighbour", "=evil; access_token=a", SentCookie("a")),
    ("broken neighbour", 'x="unclosed; access_token=a', SentCookie("a")),
    ("neighbour of raw bytes", "\xff\xfe=\x00\x01; access_token=a", SentCookie("a")),
    ("neighbour like an attribute", "$Version=1; Path=/; access_token=a", SentCookie("a")),
    ("comma is no separator", "x=1, access_token=a", SentCookie(None)),
    ("twice", "access_token=a; access_token=b", SentCookie("", duplicate=True)),
    ("twice the same", "access_token=a; access_token=a", SentCookie("", duplicate=True)),
    ("thrice", "access_token=a; access_token=b; access_token=c", SentCookie("", duplicate=True)),
    ("twice, one empty", "access_token=; access_token=b", SentCookie("", duplicate=True)),
    ("twice, empty last", "access_token=a; access_token=", SentCookie("", duplicate=True)),
    ("many separators", ";;; ;access_token=a;;", SentCookie("a")),
]


@pytest.mark.parametrize(("header", "expected"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_reads(header: str | None, expected: SentCookie) -> None:
    """A header gives each token's value, or says that it came twice, as the table writes it."""
    found = read_cookies(header, NAMES)
    assert found["access_token"] == expected
    assert found["refresh_token"] == SentCookie(None)


def test_one_duplicate_leaves_the_other_alone() -> None:
    """An access cookie that comes twice does not hide a refresh cookie that comes once."""
    found = read_cookies("access_token=a; refresh_token=r; access_token=b", NAMES)
    assert found["access_token"].duplicate
    assert found["refresh_token"] == SentCookie("r")


cookieish = st.text(alphabet=st.sampled_from([*'acesx_tokn=;, \t"\\%', "\x00", "\xff", "\ud800"]), max_size=80)


@given(st.one_of(st.none(), st.text(), cookieish, st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_never_raises(header: str | None) -> None:
    """Any header, text or bytes, gives an answer for both cookies."""
    found = read_cookies(header, NAMES)
    assert set(found) == set(NAMES)


@given(st.lists(st.text().filter(lambda t: ";" not in t and "access_token" not in t), max_size=8), st.integers(0, 8))
def test_a_neighbour_never_matters(neighbours: list[str], place: int) -> None:
    """Foreign cookies in any number and at any place leave the access token readable."""
    neighbours.insert(min(place, len(neighbours)), "access_token=a.b.c")
    assert read_cookies(";".join(neighbours), NAMES)["access_token"] == SentCookie("a.b.c")
