"""Recovery codes as they are made, shown and typed."""

from __future__ import annotations

import pytest

from webapp.core.recovery import ALPHABET, new_codes, shown, typed_code


def test_a_set_of_ten() -> None:
    """Numbered by their first character, the rest random."""
    codes = new_codes()
    assert [code[0] for code in codes] == list("0123456789")
    assert {len(code) for code in codes} == {16}
    assert set("".join(codes)) <= set(ALPHABET)
    assert len({code[1:] for code in codes + new_codes()}) == 20


def test_what_is_shown_can_be_typed() -> None:
    """With and without hyphens, in any case."""
    code = new_codes()[7]
    for text in (shown(code), code, code.lower(), shown(code).replace("-", " "), f"  {shown(code)} "):
        assert typed_code(text) == (7, code[1:])


def test_lookalikes() -> None:
    """O for 0, I and L for 1."""
    assert typed_code("1OIL-0000-0000-0000") == (1, "011000000000000")


NO_CODES = """
0
A000-0000-0000-0000
0000-0000-0000-000
0000-0000-0000-00000
0000-0000-0000-000U
""".strip().split("\n")


@pytest.mark.parametrize("text", ["", *NO_CODES, "\uff10" * 16, "0" * 9999])
def test_what_is_no_code(text: str) -> None:
    """Wrong, and no error."""
    assert typed_code(text) is None
