"""What a stranger learns from limits: nothing about accounts, and nothing from the table of counters."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.sql import execute, query
from webapp.core.key_ring import KeyRing
from webapp.core.keys import REFRESH, new_secret
from webapp.web.limits import hit

WRONG = "not the right one"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_RATE_LIMITS": "on"}


def guesses(app: Flask, login: str, times: int) -> list[int]:
    """Status codes of so many wrong passwords from a browser without history."""
    browser = Browser.of_app(app)
    fields = browser.read_form("/login").fields | {"username": login, "password": WRONG}
    return [browser.post("/login", fields).status_code for _ in range(times)]


@pytest.mark.parametrize("door", ["form", "api"])
def test_which_address_belongs_to_which_user_name(app: Flask, visitor: Browser, door: str) -> None:
    """Ten wrong tries with a user name leave an address alone, whether or not both are one account's."""
    names = [visitor.sign_up(), "nobody"]
    seen = []
    for name, address in itertools.product(names, (f"{names[0]}@example.com", "nobody@example.com")):
        execute(app, "DELETE FROM rate_counters")
        if door == "form":
            seen.append(guesses(app, name, 11) + guesses(app, address.upper(), 11))
            expected = ([422] * 10 + [429]) * 2
        else:
            client = Browser.of_app(app)
            seen.append(
                [
                    client.http.post("/api/v1/login", json={"username": login, "password": WRONG}).status_code
                    for login in [name] * 11 + [address] * 11
                ]
            )
            expected = ([401] * 10 + [429]) * 2
    assert seen == [expected] * 4


def test_in_a_browser_that_knows_the_account_too(app: Flask, visitor: Browser) -> None:
    """There, too, each name has tries of its own."""
    name = visitor.sign_up()
    visitor.log_out()
    fields = visitor.read_form("/login").fields | {"password": WRONG}
    codes = [visitor.post("/login", fields | {"username": name}).status_code for _ in range(11)]
    codes.append(visitor.post("/login", fields | {"username": f"{name}@example.com"}).status_code)
    assert codes == [422] * 10 + [429, 422]


def test_a_dictionary_does_not_find_a_password_among_the_counters(app: Flask) -> None:
    """People type their password into the name field. The hash of it has a key, and the key comes from the ring."""
    guesses(app, PASSWORD, 1)
    keys = " ".join(row["key"] for row in query(app, "SELECT key FROM rate_counters"))
    assert "login_account" in keys
    for function in (hashlib.blake2b, hashlib.blake2s):
        for size in (16, 20, 32):
            assert function(PASSWORD.encode(), digest_size=size).hexdigest() not in keys
    for function_name in hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}:
        assert hashlib.new(function_name, PASSWORD.encode()).hexdigest() not in keys
    with app.app_context():
        before = hit("login_account", PASSWORD).key
        assert before in keys
        ring = KeyRing([*app.extensions["tokenroom"].tokens.ring.keys[:1], new_secret(REFRESH, 0)])
        app.config["SECRET_KEY"] = ring.forms_secret
        assert hit("login_account", PASSWORD).key != before
