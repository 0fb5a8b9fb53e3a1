"""Passwords: one spelling whatever the keyboard, equal work for a stranger, and nothing that is guessed first."""

from __future__ import annotations

import unicodedata

import pytest

from webapp.core import passwords
from webapp.core.passwords import (
    hash_password,
    needs_rehash,
    problem_with,
    typed_on_latin_keyboard,
    verify_password,
)

GOOD = "a perfectly fine sentence"


@pytest.fixture(scope="module")
def good_hash() -> str:
    return hash_password(GOOD)


def test_the_hash_is_argon2id_with_the_chosen_costs(good_hash: str) -> None:
    """A hash states argon2id with OWASP's costs, and one with lower costs is due for a new hash."""
    assert good_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not needs_rehash(good_hash)
    assert needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")


def test_right_and_wrong(good_hash: str) -> None:
    """The right password fits its hash, and no near miss of it does."""
    assert verify_password(good_hash, GOOD)
    for wrong in ("", GOOD.upper(), GOOD + " ", " " + GOOD, GOOD[:-1], GOOD + "\0", "\ud800", "x" * 2000):
        assert not verify_password(good_hash, wrong)


def test_two_hashes_of_one_password_differ(good_hash: str) -> None:
    """Every hash has a salt of its own."""
    assert hash_password(GOOD) != good_hash


def test_hangul_typed_on_two_systems_is_the_same_password() -> None:
    """macOS sends jamo (NFD), Windows syllables (NFC)."""
    composed = unicodedata.normalize("NFC", "내비밀은아무도몰라")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert verify_password(hash_password(decomposed), composed)
    assert verify_password(hash_password(composed), decomposed)


def test_nothing_is_truncated() -> None:
    """All 1024 characters of a long password count."""
    long = "0123456789abcdef" * 64
    assert len(long) == 1024
    hashed = hash_password(long)
    assert verify_password(hashed, long)
    assert not verify_password(hashed, long[:-1] + "x")
    assert not verify_password(hashed, long + "x")


@pytest.mark.parametrize("broken", ["", "plain text", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_broken_hash_fits_nothing(broken: str) -> None:
    """A hash that cannot be read fits no password and raises nothing."""
    for password in (GOOD, "", "nobody's password"):
        assert not verify_password(broken, password)


@pytest.mark.parametrize("password", [GOOD, "", "\ud800", "x" * 5000])
@pytest.mark.parametrize("known", [True, False])
def test_equal_work_whoever_is_meant(
    known: bool, password: str, good_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly one argon2 run with the same costs for a known and an unknown name, readable or not."""
    work: list[str] = []

    class Counting:
        def verify(self, hashed: str, text: str) -> bool:
            work.append(hashed.rsplit("$", 2)[0])
            return True

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    verify_password(good_hash if known else None, password)
    assert work == ["$argon2id$v=19$m=19456,t=2,p=1"]


def test_nobodys_password_opens_nothing() -> None:
    """The dummy hash that unknown names are checked against must not let its own password in."""
    assert not verify_password(None, "nobody's password")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        (GOOD, None),
        ("", "too_short"),
        ("1234567", "too_short"),
        ("k3!x9qzw", None),
        ("ㄱㄴㄷㄹㅁㅂㅅㅇ", None),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "too_short"),  # six jamo are two syllables
        ("correct horse " * 73 + "ab", None),
        ("correct horse " * 73 + "abc", "too_long"),
        ("fine sentence \ud800", "unreadable"),
        ("password", "common"),
        ("PASSWORD", "common"),
        ("ｐａｓｓｗｏｒｄ", "common"),
        ("iloveyou", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("abababababab", "common"),
        ("password1", "common"),
        ("비밀번호비밀번호", None),
        ("qlalfqjsgh", "common"),  # 비밀번호 in Latin mode
        ("qlalfqjsgh1!", "common"),
        ("QLALFQJSGH", "common"),
        ("tkfkdgody123", "common"),  # 사랑해요123
        ("dkssudgktpdy", "common"),  # 안녕하세요
        ("qlalfqjsghqlalfqjsgh", None),
        ("ada.lovelace", "personal"),
        ("Ada.Lovelace", "personal"),
        ("ada.lovelace@example.com", "personal"),
        ("countess ada", "personal"),
        ("Countess Ada of Lovelace", None),
    ],
)
def test_choosing(password: str, problem: str | None) -> None:
    """Each chosen password is accepted, or refused for the reason in the table."""
    assert problem_with(password, "ada.lovelace", "ada.lovelace@example.com", "Countess Ada") == problem


def test_length_is_counted_in_characters() -> None:
    """Length means characters of the normalized password, not bytes."""
    assert len("correct horse " * 73 + "ab") == 1024
    assert problem_with("가나다라마바사아") is None
    assert problem_with("👩🚀🐙🌵🎈🧊🪁") == "too_short"


def test_an_empty_name_makes_nothing_personal() -> None:
    """An empty username, address or name forbids no password."""
    assert problem_with(GOOD, "", "", "") is None


@pytest.mark.parametrize(
    ("hangul", "latin"),
    [
        ("비밀번호", "qlalfqjsgh"),
        ("사랑해", "tkfkdgo"),
        ("왔어요", "dhkTdjdy"),
        ("닭", "ekfr"),
        ("의", "dml"),
        ("a1가!", "a1rk!"),
    ],
)
def test_latin_keyboard(hangul: str, latin: str) -> None:
    """Hangul becomes the Latin letters of the same keys, however it was composed."""
    assert typed_on_latin_keyboard(hangul) == latin
    assert typed_on_latin_keyboard(unicodedata.normalize("NFD", hangul)) == latin
