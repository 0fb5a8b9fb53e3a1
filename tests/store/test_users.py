"""Accounts in the database: of many sign-ups for one name or address one wins, on both databases."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask

from tests.support.crowd import at_once
from webapp.core.errors import FieldError
from webapp.store import users
from webapp.store.database import transact

NOW = 1_800_000_000


@pytest.mark.parametrize("field", ["username", "email"])
def test_the_losers_of_a_race_hear_which_field_is_taken(either: Flask, field: str) -> None:
    """Also where the name that wins contains the word "email"."""
    wanted = "email.fan" if field == "username" else "fan@username.example"

    def sign_up(number: int) -> str:
        made = {"username": f"email{number}", "email": f"username{number}@example.com"} | {field: wanted}
        with either.app_context():
            try:
                return transact(lambda tx: users.add(tx, name="", password_hash=secrets.token_hex(8), now=NOW, **made))
            except FieldError as problem:
                return problem.field

    answers = at_once(8, sign_up)
    assert answers.count(field) == 7
