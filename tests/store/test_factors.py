"""Authenticator apps and recovery codes in the database: each code counts once, on both databases."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import Connection

from tests.support.crowd import at_once
from webapp.core.keys import FACTORS, new_secret
from webapp.core.sealing import Safe
from webapp.flows.reseal import belongs_to, reseal
from webapp.store import factors, users
from webapp.store.database import read, transact

NOW = 1_800_000_000


def person(name: str = "ada") -> str:
    return transact(
        lambda tx: users.add(tx, username=name, email=f"{name}@example.com", name="", password_hash="x", now=NOW)
    )


def in_app(app: Flask, work: Callable[[Connection], bool]) -> bool:
    with app.app_context():
        return transact(work)


def test_one_of_24_uses_a_code_of_the_app(either: Flask) -> None:
    """24 requests with one code at the same moment: one wins, and an earlier code is dead as well."""
    who = person()
    assert transact(lambda tx: factors.add_app(tx, who, "k.sealed", 100, NOW))
    assert not transact(lambda tx: factors.add_app(tx, who, "k.other", 100, NOW))
    won = at_once(24, lambda _number: in_app(either, lambda tx: factors.use_step(tx, who, 101, NOW)))
    assert sorted(won) == [False] * 23 + [True]
    assert not transact(lambda tx: factors.use_step(tx, who, 100, NOW))
    assert transact(lambda tx: factors.use_step(tx, who, 102, NOW))


def test_one_of_24_uses_a_recovery_code(either: Flask) -> None:
    """The same for a recovery code; a code of a replaced set, or of another person, is none."""
    who, other = person(), person("bob")
    transact(lambda tx: factors.set_codes(tx, who, [f"hash {number}" for number in range(10)]))
    won = at_once(24, lambda _number: in_app(either, lambda tx: factors.use_code(tx, who, 3, "hash 3", NOW)))
    assert sorted(won) == [False] * 23 + [True]
    assert read(lambda tx: factors.codes_left(tx, who)) == 9
    assert read(lambda tx: factors.code_hash(tx, who, 3)) is None
    assert not transact(lambda tx: factors.use_code(tx, other, 4, "hash 4", NOW))
    transact(lambda tx: factors.set_codes(tx, who, [f"new {number}" for number in range(10)]))
    assert not transact(lambda tx: factors.use_code(tx, who, 4, "hash 4", NOW))
    assert read(lambda tx: factors.codes_left(tx, who)) == 10


def test_everything_goes_with_the_person(either: Flask) -> None:
    """A deleted account leaves no secret and no code."""
    who = person()
    transact(lambda tx: factors.add_app(tx, who, "k.sealed", 1, NOW))
    transact(lambda tx: factors.set_codes(tx, who, ["hash"] * 10))
    assert read(lambda tx: factors.of_person(tx, who)).any
    transact(lambda tx: users.delete(tx, who))
    assert read(lambda tx: (factors.app_of(tx, who), factors.codes_left(tx, who))) == (None, 0)


def test_resealing_replaces_the_key_of_every_secret(either: Flask) -> None:
    """After it the earlier key opens nothing that is stored; a secret whose key is gone is counted and left."""
    ring = either.extensions["tokenroom"].tokens.ring
    old = Safe(ring)
    people = [person(f"p{number}") for number in range(3)]
    for who in people:
        sealed = old.seal(b"secret of " + who.encode(), belongs_to(who))
        transact(lambda tx, who=who, sealed=sealed: factors.add_app(tx, who, sealed, 1, NOW))
    lost = person("lost")
    transact(lambda tx: factors.add_app(tx, lost, "factors-gone.AAAA", 1, NOW))
    new = Safe(ring.rotate(new_secret(FACTORS, NOW), NOW))
    assert read(lambda tx: factors.count_sealed_with(tx, ring.sealing_key.kid)) == 3
    assert reseal(new) == (3, 1)
    assert reseal(new) == (0, 1)
    assert read(lambda tx: factors.count_sealed_with(tx, ring.sealing_key.kid)) == 0
    for who in people:
        row = read(lambda tx, who=who: factors.app_of(tx, who))
        assert row is not None
        assert new.open(row.sealed, belongs_to(who)) == b"secret of " + who.encode()
