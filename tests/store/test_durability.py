"""Which settings of PostgreSQL let a logout be forgotten."""

from __future__ import annotations

import pytest

from webapp.store.durability import Durability, doubts

SOUND = Durability(
    standby=False, synchronous_commit="on", synchronous_standby_names="s1", standbys=2, synchronous=1
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"synchronous_commit": "remote_apply"}, None),
        ({"synchronous_standby_names": "", "standbys": 0, "synchronous": 0}, None),
        ({"standby": True}, "the database is a standby"),
        ({"synchronous_commit": "off"}, "synchronous_commit is off"),
        ({"synchronous_commit": "local"}, "synchronous_commit is local"),
        ({"synchronous_commit": "local", "synchronous_standby_names": "", "standbys": 0}, None),
        ({"standbys": 0, "synchronous": None}, "no synchronous standby"),
        ({"synchronous": 0}, "no synchronous standby"),
        ({"synchronous_standby_names": ""}, "replication is asynchronous"),
        ({"synchronous": None}, "not checked"),
    ],
)
def test_what_may_be_forgotten(changes: dict[str, object], words: str | None) -> None:
    """Each setting that breaks the promise is named, and a sound server is not doubted."""
    found = doubts(SOUND._replace(**changes))  # type: ignore[arg-type]
    assert [doubt.words.startswith(words or "?") for doubt in found] == ([True] if words else [])
