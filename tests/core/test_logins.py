"""User names and addresses: every spelling of one leads to the same account, and to no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.logins import clean_email, clean_username, email_key, is_username, login_key, username_key


@pytest.mark.parametrize("name", ["abc", "A.b_c-9", "x" * 32, "...", "123"])
def test_user_names(name: str) -> None:
    """Names of 3 to 32 letters, digits, dots, hyphens and underscores are usernames."""
    assert is_username(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 33,
        "a b c",
        "abc ",
        "abc\n",
        "\nabc",
        "a@b",
        "ábc",
        "аbc",
        "가나다",
        "abc\0",
        "a/b",
        "a;b",
        "abc\u200b",
        "١٢٣",
    ],
)
def test_no_user_names(name: str) -> None:
    """Other lengths, other characters and other alphabets are no usernames."""
    assert not is_username(name)


@pytest.mark.parametrize(
    "typed",
    ["Ada", " Ada", "Ada ", "Ada\u3000", "Ada\u200b", "\ufeffAda", "A\u200dda", "Ａｄａ", "\u202aAda\u202c", "Ada\n"],
)
def test_spellings_of_a_user_name(typed: str) -> None:
    """The space of a phone keyboard, what copying brings along, and full-width letters."""
    assert clean_username(typed) == "Ada"
    assert login_key(typed) == (username_key("Ada"), False)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada@EXAMPLE.com", "Ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("ada@example.com\u200b", "ada@example.com"),
        ("\u202aada@example.com\u202c", "ada@example.com"),
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"),
        ("ada@example。com", "ada@example.com"),
        ("mailto:ada@example.com", "ada@example.com"),
        ("<ada@example.com>", "ada@example.com"),
        ("ada@한국.kr", "ada@한국.kr"),
        ("ada@xn--3e0b707e.kr", "ada@한국.kr"),
        ("ada@XN--3E0B707E.KR", "ada@한국.kr"),
        ("ada@\u1112\u1161\u11ab국.kr", "ada@한국.kr"),
        ("ada@bücher.example", "ada@bücher.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("홍길동@한국.kr", "홍길동@한국.kr"),
        ("ada@corp.local", "ada@corp.local"),
        ("ada@shop.test", "ada@shop.test"),
        ("ada@app.localhost", "ada@app.localhost"),
        ("ada@localhost", "ada@localhost"),
        ("ada@intranet", "ada@intranet"),
        ("ada@x.invalid", "ada@x.invalid"),
        ("ada@router.home.arpa", "ada@router.home.arpa"),
        ("ada..x@docomo.example", "ada..x@docomo.example"),
        ("ada.@ezweb.example", "ada.@ezweb.example"),
        (".ada@example.com", ".ada@example.com"),
        ("o'hara+tag@example.com", "o'hara+tag@example.com"),
    ],
)
def test_addresses(typed: str, kept: str) -> None:
    """Cleaned the same way for keeping and for finding; whether mail arrives is another question."""
    assert clean_email(typed) == kept
    assert login_key(typed) == (email_key(kept), True)
    assert clean_email(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "a@b@c",
        "@example.com",
        "ada@",
        "..@a.example",
        "a b@example.com",
        "ada@[127.0.0.1]",
        "ada@-x.example",
        "ada@example..com",
        "ada@exa_mple.com\0",
        "\ud800@example.com",
        "x" * 300 + "@example.com",
        "가" * 250 + "@a.kr",
    ],
)
def test_no_addresses(typed: str) -> None:
    """A text without the form of an address, or too long for one, is none."""
    assert clean_email(typed) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\ufb01ona@example.com", "fiona@example.com"),
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("\u212alaus@example.com", "Klaus2@example.com"),
        ("ma\u0131l@example.com", "mail@example.com"),
        ("\u2460@example.com", "1@example.com"),
        ("a@\u0645\u0627\u0647\u200c\u0647\u0627.example", "a@\u0645\u0627\u0647\u0647\u0627.example"),
    ],
)
def test_two_mailboxes_stay_two(one: str, other: str) -> None:
    """Only letter case is folded, so a ligature or a dotless i is a mailbox of its own."""
    assert login_key(one) != login_key(other)


@given(st.text(max_size=300))
def test_whatever_is_typed(typed: str) -> None:
    """No text raises, and a clean one stays as it is."""
    for clean in (clean_username, clean_email):
        kept = clean(typed)
        assert kept is None or clean(kept) == kept
    login_key(typed)
