"""Typed text: what is a user name, what two names share, what can be stored."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.text import clean_name, fold, is_storable, is_username


@pytest.mark.parametrize("name", ["abc", "A.b_c-9", "x" * 32, "...", "123"])
def test_user_names(name: str) -> None:
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
    assert not is_username(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "aDA"), (" ada ", "ada"), ("ＡＤＡ", "ada"), ("ﬁne", "fine"), ("straße", "STRASSE"), ("e\u0301", "É")],
)
def test_folded_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "fine"), [("", True), ("가나", True), ("a\0b", False), ("\ud800", False), ("x\udfff", False)]
)
def test_storable(text: str, fine: bool) -> None:
    assert is_storable(text) is fine


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  Ada \t  Lovelace\n", "Ada Lovelace"),
        ("e\u0301", "é"),
        ("\u1100\u1161", "가"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("<b>&\"'", "<b>&\"'"),
        ("x" * 80, "x" * 80),
    ],
)
def test_clean_names(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    "typed", ["a\0", "a\x1b[31m", "a\u202eb", "a\u200bb", "\ud800", "\ue000", "a\ufeff", "\u2066x"]
)
def test_names_that_would_deceive(typed: str) -> None:
    with pytest.raises(ValueError, match=r"^unprintable$"):
        clean_name(typed)


def test_longest_name() -> None:
    with pytest.raises(ValueError, match=r"^too_long$"):
        clean_name("x" * 81)


@given(st.text(max_size=200))
def test_a_cleaned_name_is_clean(typed: str) -> None:
    try:
        name = clean_name(typed)
    except ValueError:
        return
    assert clean_name(name) == name == unicodedata.normalize("NFC", name)
    assert is_storable(name)
