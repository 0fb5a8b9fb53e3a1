"""Sealed secrets open for their owner alone, and for nobody after a change."""

from __future__ import annotations

import pytest

from webapp.core.sealing import CannotOpen, kid_of, seal, unseal

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
KEYS = {"factors-1": KEY}


def test_it_opens_for_its_owner() -> None:
    """There and back; the text names the key and nothing else."""
    sealed = seal(b"secret", belongs_to="totp:ada", kid="factors-1", key=KEY)
    assert unseal(sealed, belongs_to="totp:ada", find_key=KEYS.get) == b"secret"
    assert kid_of(sealed) == "factors-1"
    assert sealed != seal(b"secret", belongs_to="totp:ada", kid="factors-1", key=KEY)


def test_another_row_does_not_open() -> None:
    """A sealed text does not open in another user's row."""
    sealed = seal(b"secret", belongs_to="totp:ada", kid="factors-1", key=KEY)
    with pytest.raises(CannotOpen):
        unseal(sealed, belongs_to="totp:bob", find_key=KEYS.get)


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        ".",
        "factors-1",
        "factors-1.",
        "factors-1.AAAA",
        "factors-2.AAAA",
        "factors-1.!!!",
        "factors-1." + "A" * 9000,
    ],
)
def test_what_is_no_sealed_text(sealed: str) -> None:
    """Every wrong text is one and the same error."""
    with pytest.raises(CannotOpen):
        unseal(sealed, belongs_to="totp:ada", find_key=KEYS.get)


def test_every_changed_character_is_noticed() -> None:
    """Authenticated, not only encrypted."""
    sealed = seal(b"secret", belongs_to="totp:ada", kid="factors-1", key=KEY)
    for place in range(len("factors-1."), len(sealed)):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(CannotOpen):
            unseal(changed, belongs_to="totp:ada", find_key=KEYS.get)


def test_another_key_does_not_open() -> None:
    """The same name with another key."""
    sealed = seal(b"secret", belongs_to="totp:ada", kid="factors-1", key=OTHER)
    with pytest.raises(CannotOpen):
        unseal(sealed, belongs_to="totp:ada", find_key=KEYS.get)
