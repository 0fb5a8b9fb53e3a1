"""Codes of an authenticator app."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from webapp.core.totp import STEP, as_link, as_text, code_at, matching_step, new_secret, typed_digits

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, the last six of its eight digits."""
    assert code_at(RFC_SECRET, seconds // STEP) == code


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_three_steps_are_accepted(drift: int) -> None:
    """A phone half a minute off."""
    now = 1_800_000_000
    step = now // STEP + drift
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, step), now=now, last_step=0) == step


@pytest.mark.parametrize("drift", [-2, 2])
def test_no_fourth_step(drift: int) -> None:
    """A minute off is wrong."""
    now = 1_800_000_000
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, now // STEP + drift), now=now, last_step=0) is None


def test_a_used_step_and_all_before_it_are_over() -> None:
    """The previous code after the present one, and the same code twice."""
    now = 1_800_000_000
    present = now // STEP
    for step in (present - 1, present):
        assert matching_step(RFC_SECRET, code_at(RFC_SECRET, step), now=now, last_step=present) is None


def test_of_two_steps_with_one_code_the_newer_is_used() -> None:
    """Else its twin could be used again."""
    secret, step = next(
        (secret, step)
        for secret in (number.to_bytes(20, "big") for number in range(64))
        for step in range(60_000_000, 60_040_000)
        if code_at(secret, step) == code_at(secret, step + 1)
    )
    assert matching_step(secret, code_at(secret, step), now=step * STEP, last_step=0) == step + 1


@pytest.mark.parametrize("text", ["123456", " 123 456 ", "１２３４５６", "12\u00a034\u200956"])
def test_what_is_read_as_a_code(text: str) -> None:
    """Spaces of any kind, full-width digits."""
    assert typed_digits(text) == "123456"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\0", "-12345", "1" * 10_000])
def test_what_is_no_code(text: str) -> None:
    """Wrong, and no error."""
    assert typed_digits(text) is None


def test_the_link_names_the_account() -> None:
    """What an app reads out of the picture."""
    link = urlsplit(as_link(RFC_SECRET, issuer="Tokenroom", username="a.b-c"))
    assert (link.scheme, link.netloc, link.path) == ("otpauth", "totp", "/Tokenroom:a.b-c")
    assert parse_qs(link.query)["issuer"] == ["Tokenroom"]
    assert parse_qs(link.query)["secret"] == [as_text(RFC_SECRET).replace(" ", "")]


def test_secrets_are_160_random_bits() -> None:
    """No two alike."""
    assert {len(new_secret()) for _ in range(9)} == {20}
    assert new_secret() != new_secret()
