"""Sealed forms: for one person, for an hour, at most 16 kB, and never a password or a token in them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.kept_forms import KEPT_FOR, MOST_BYTES, KeptForm, TooOld, Unkeepable, choose, seal, unseal

SECRET = "5f" * 32
NOW = 1_800_000_000
FORM = KeptForm("/account?tab=1", (("name", "Ada"), ("note", "여러 줄\n의 글"), ("note", "")), ("new_password",))


def test_the_same_person_gets_the_same_form_back() -> None:
    """Names, values, order, repeated names, path: all as they were."""
    assert unseal(seal(FORM, "ada", SECRET, NOW), "ada", SECRET, NOW + KEPT_FOR) == FORM


@pytest.mark.parametrize(
    ("person", "secret"), [("eve", SECRET), ("ad", SECRET), ("ada ", SECRET), ("", SECRET), ("ada", "60" * 32)]
)
def test_nobody_else_and_no_other_secret_opens_it(person: str, secret: str) -> None:
    """A sealed form opens for its own person and its own secret only."""
    assert unseal(seal(FORM, "ada", SECRET, NOW), person, secret, NOW) is None


def test_after_an_hour_only_its_path_is_told() -> None:
    """And to its person alone."""
    sealed = seal(FORM, "ada", SECRET, NOW)
    with pytest.raises(TooOld) as refusal:
        unseal(sealed, "ada", SECRET, NOW + KEPT_FOR + 1)
    assert refusal.value.path == "/account?tab=1"
    assert "Ada" not in repr(refusal.value)
    assert unseal(sealed, "eve", SECRET, NOW + KEPT_FOR + 1) is None


def test_a_single_changed_bit_spoils_it() -> None:
    """Every bit of it is signed: time, content and signature alike."""
    raw = base64.urlsafe_b64decode(seal(FORM, "ada", SECRET, NOW))
    for place in range(0, len(raw) * 8, 7):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        assert unseal(base64.urlsafe_b64encode(changed).decode(), "ada", SECRET, NOW) is None


def test_nothing_of_the_form_can_be_read_in_the_sealed_text() -> None:
    """Encrypted, not only signed; and twice the same form is not twice the same text."""
    sealed = seal(FORM, "ada", SECRET, NOW)
    assert b"Ada" not in base64.urlsafe_b64decode(sealed)
    assert sealed != seal(FORM, "ada", SECRET, NOW)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_whatever_raises(text: str) -> None:
    """Any text that was not sealed here gives None and no error."""
    assert unseal(text, "ada", SECRET, NOW) is None


def test_a_text_longer_than_any_sealed_one_is_not_looked_at() -> None:
    """Ten megabytes are refused by their length."""
    assert unseal("g" * 10_000_000, "ada", SECRET, NOW) is None


PASSWORDS = "password current_password new_password Password passwd user_pwd passphrase".split()
OTHERS = "csrf_token token access_token refresh_token client_secret totp otp code kept".split()


@pytest.mark.parametrize("name", [*PASSWORDS, *OTHERS])
def test_passwords_and_tokens_are_never_chosen(name: str) -> None:
    """By the field's name; of passwords the name is remembered, so that they can be typed anew."""
    form = choose("/x", [("note", "kept"), (name, "hunter2-hunter2")])
    assert form is not None
    assert form.fields == (("note", "kept"),)
    assert "hunter2" not in repr(form)
    assert form.passwords == ((name,) if name in PASSWORDS else ())


def test_a_value_that_looks_like_a_token_is_never_chosen() -> None:
    """Under any field name."""
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    form = choose("/x", [("note", jwt), ("other", "eyJ is how a token begins")])
    assert form is not None
    assert form.fields == (("other", "eyJ is how a token begins"),)
    assert form.left_out == ("note",)


@pytest.mark.parametrize("name", ["postcode", "hotplate", "barcode", "codename", "name", "desktop"])
def test_ordinary_names_are_kept(name: str) -> None:
    """A field whose name merely contains a word like "code" is kept."""
    assert choose("/x", [(name, "1")]) == KeptForm("/x", ((name, "1"),))


def test_a_form_without_anything_typed_is_none() -> None:
    """A button is pressed again as easily as it is sent again."""
    assert choose("/x", [("csrf_token", "abc")]) is None
    assert choose("/x", []) is None


def test_only_passwords_are_a_form_too() -> None:
    """So that the page can ask for them anew."""
    assert choose("/x", [("current_password", "a"), ("new_password", "b")]) == KeptForm(
        "/x", (), ("current_password", "new_password")
    )


@pytest.mark.parametrize("letter", ["x", "한", '"', "\x00", "\ud800"])
def test_sixteen_kilobytes_are_the_most(letter: str) -> None:
    """Counted as they are sealed, so that no letter makes a page larger than that."""
    with pytest.raises(Unkeepable) as refusal:
        seal(KeptForm("/x", (("note", letter * MOST_BYTES),)), "ada", SECRET, NOW)
    assert refusal.value.code == "too_large"
    small = KeptForm("/x", (("note", letter * 2000),))
    assert len(seal(small, "ada", SECRET, NOW)) < MOST_BYTES * 1.4


def test_more_fields_than_a_page_could_show_are_not_kept() -> None:
    """A form of 201 fields is refused."""
    with pytest.raises(Unkeepable):
        choose("/x", [("a", "1")] * 201)
