"""Typed text: what two texts share, what can be stored, what a display name shows."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.text import clean_name, first_letter, fold, is_storable


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "aDA"), (" ada ", "ada"), ("ＡＤＡ", "ada"), ("ﬁne", "fine"), ("straße", "STRASSE"), ("e\u0301", "É")],
)
def test_folded_alike(one: str, other: str) -> None:
    """Two spellings of one name fold to the same text."""
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """A folded text folds to itself."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "fine"), [("", True), ("가나", True), ("a\0b", False), ("\ud800", False), ("x\udfff", False)]
)
def test_storable(text: str, fine: bool) -> None:
    """Text with a null character or a lone surrogate is not storable."""
    assert is_storable(text) is fine


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  Ada \t  Lovelace\n", "Ada Lovelace"),
        ("e\u0301", "é"),
        ("\u1100\u1161", "가"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("Ada \u2764\ufe0f", "Ada \u2764\ufe0f"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",) * 2,
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ufeffAda\u200b\u3164", "Ada"),
        ("\u202aAda\u202c", "Ada"),
        ("Ada \U0001fadc", "Ada \U0001fadc"),  # U+1FADC, root vegetable, is of Unicode 16
        ("\U0003fffd", "\U0003fffd"),
        ("<b>&\"'", "<b>&\"'"),
        ("x" * 80, "x" * 80),
    ],
)
def test_clean_names(typed: str, kept: str) -> None:
    """A typed name becomes the tidy name in the table, in every script."""
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    "typed", ["a\0", "a\x1b[31m", "a\u202eb", "a\u200bb", "\ud800", "\ue000", "a\ufeffb", "\u2066x", "\ufdd0"]
)
def test_names_that_would_deceive(typed: str) -> None:
    """A name with control, direction or private characters inside is refused."""
    with pytest.raises(ValueError, match=r"^unprintable$"):
        clean_name(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *"\u3164\uffa0\u115f\u1160\u2800\u034f\ufe0f\u200d\u200b\u00ad\u2060\ufeff\u17b4\U000e0100\U0001d159",
        "\u3164 \uffa0",
        " \u2800\u2800 ",
        "\u115f\u1160\ufe0f",
    ],
)
def test_names_nobody_can_see(typed: str) -> None:
    """Fillers, selectors and empty cells show nothing, alone or together."""
    with pytest.raises(ValueError, match=r"^invisible$"):
        clean_name(typed)


@pytest.mark.parametrize("typed", ["x" * 81, "x" + "\u0301" * 400, " " * 321])
def test_longest_name(typed: str) -> None:
    """80 characters once it is clean, 320 as typed."""
    with pytest.raises(ValueError, match=r"^too_long$"):
        clean_name(typed)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("ada", "a"),
        ("", ""),
        ("가나", "가"),
        ("\u1100\u1161\u11a8x", "\u1100\u1161\u11a8"),
        ("👩\u200d🚀 Ada", "👩\u200d🚀"),
        ("🇰🇷🇺🇸", "🇰🇷"),
        ("e\u0323\u0302x", "e\u0323\u0302"),
        ("क्षमा", "क्ष"),
    ],
)
def test_the_first_letter_as_a_reader_sees_it(name: str, first: str) -> None:
    """A grapheme cluster (UAX 29), so that no avatar shows half a flag."""
    assert first_letter(name) == first


@given(st.text(max_size=200))
def test_a_cleaned_name_is_clean(typed: str) -> None:
    """A cleaned name is normalized, storable, and cleans to itself."""
    try:
        name = clean_name(typed)
    except ValueError:
        return
    assert clean_name(name) == name == unicodedata.normalize("NFC", name)
    assert is_storable(name)
