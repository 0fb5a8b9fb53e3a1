"""Typed text in any spelling of a keyboard or clipboard: every door understands the same."""

from __future__ import annotations

import json
import secrets

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.sql import query


def wide(text: str) -> str:
    """In full-width letters, as East Asian keyboards send them."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def doors(app: Flask, typed: str) -> list[bool]:
    """Does each door know this person: login form, API, and the commands?"""
    runner = app.test_cli_runner()
    by_form = Browser.of_app(app).log_in(typed).status_code == 303
    by_api = ApiClient.of_app(app).log_in(typed).status_code == 200
    listing = runner.invoke(args=["sessions", "list", "--json", "--user", typed])
    listed = listing.exit_code == 0 and len(json.loads(listing.stdout)) > 0
    return [by_form, by_api, listed, runner.invoke(args=["users", "set-role", typed, "user"]).exit_code == 0]


@pytest.mark.parametrize("door", ["form", "command"])
def test_a_user_name_in_every_spelling(app: Flask, visitor: Browser, door: str) -> None:
    """The space of a phone keyboard, zero-width characters of a copied text, full-width letters, other case."""
    name = f"Ada{secrets.token_hex(3)}"
    typed = f"\u200b{wide(name)} "
    if door == "form":
        fields = {"username": typed, "email": f"{name}@example.com", "password": PASSWORD}
        assert visitor.submit("/signup", **fields).status_code == 303
    else:
        arguments = ["users", "create", typed, f"{name}@example.com", "--password-stdin"]
        assert "Created " + name in app.test_cli_runner().invoke(args=arguments, input=PASSWORD + "\n").output
    assert query(app, "SELECT username FROM users") == [{"username": name}]
    for spelling in (name, f"{name} ", name.upper(), wide(name), f"\ufeff{name}", f"\u3000{name}"):
        assert doors(app, spelling) == [True] * 4, spelling


@pytest.mark.parametrize(
    ("signed_up_as", "kept"),
    [
        ("ada@한국.kr", "ada@한국.kr"),
        ("ada@xn--3e0b707e.kr", "ada@한국.kr"),
        ("ada＠한국。kr", "ada@한국.kr"),
        ("ada@corp.local", "ada@corp.local"),
        ("Ada@Localhost ", "Ada@localhost"),
        ("ada..x@carrier.test", "ada..x@carrier.test"),
    ],
)
def test_an_address_in_every_spelling(app: Flask, visitor: Browser, signed_up_as: str, kept: str) -> None:
    """Browsers send the domain of an email field in punycode and of a text field as typed; both are one address."""
    name = f"a{secrets.token_hex(4)}"
    answer = visitor.submit("/signup", username=name, email=signed_up_as, password=PASSWORD)
    assert answer.status_code == 303, answer.text
    assert query(app, "SELECT email FROM users") == [{"email": kept}]
    local, _at, domain = kept.partition("@")
    punycode = f"{local}@{domain.encode('idna').decode()}"
    for spelling in (signed_up_as, kept, punycode, kept.upper(), wide(kept), f" {kept}\u200b", f"mailto:{kept}"):
        assert doors(app, spelling) == [True] * 4, spelling
    again = Browser.of_app(app).submit("/signup", username=f"b{name}", email=punycode, password=PASSWORD)
    assert again.status_code == 422, "the other spelling is no other address"


def test_two_addresses_that_look_alike_are_two_people(app: Flask, visitor: Browser) -> None:
    """A ligature is another mailbox, so its owner gets an account, and no user gets in as another."""
    for name, address in (("fiona", "fiona@example.com"), ("other", "\ufb01ona@example.com")):
        fields = {"username": name, "email": address, "password": PASSWORD}
        assert Browser.of_app(app).submit("/signup", **fields).status_code == 303
        browser = Browser.of_app(app)
        browser.log_in(address)
        assert browser.get("/test/me").json()["username"] == name


INVISIBLE = [
    "\u3164",
    "\uffa0",
    "\u115f\u1160",
    "\u2800 \u2800",
    "\u034f",
    "\ufe0f",
    "\u200d",
    "\u200b\ufeff",
    "\U000e0001",
]


@pytest.mark.parametrize("name", INVISIBLE)
def test_a_name_that_shows_nothing_is_refused(app: Flask, username: str, name: str) -> None:
    """At sign-up, in the profile, by the API and by the command, each in its own words."""
    fields = {"username": "ada2", "email": "ada2@example.com", "password": PASSWORD, "name": name}
    answer = Browser.of_app(app).submit("/signup", **fields)
    assert (answer.status_code, "shows nothing" in answer.text) == (422, True)
    person = Browser.of_app(app)
    person.log_in(username)
    assert person.submit("/account", name=name).status_code == 422
    client = ApiClient.of_app(app)
    client.log_in(username)
    refusal = client.send("PATCH", "/me", json={"name": name})
    assert (refusal.status_code, refusal.json()["fields"]) == (422, {"name": "It shows nothing."})
    arguments = ["users", "create", "ada3", "ada3@example.com", "--name", name, "--password-stdin"]
    assert "This name shows nothing" in app.test_cli_runner().invoke(args=arguments, input=PASSWORD + "\n").output


@pytest.mark.parametrize(
    ("name", "avatar"),
    [
        ("\U0001fadc Ada", "\U0001fadc"),
        ("\U0003fffd", "\U0003fffd"),
        ("🇰🇷 Ada", "🇰🇷"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("가나다", "가"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한"),
        ("क्षमा", "क्ष"),
    ],
)
def test_names_of_any_script_and_age(visitor: Browser, name: str, avatar: str) -> None:
    """Also characters that are younger than Python's tables; the avatar shows what a reader calls the first letter."""
    visitor.sign_up()
    assert visitor.submit("/account", name=name).status_code == 303
    page = visitor.get("/account").text
    assert page.count(f'aria-hidden="true">{avatar}</span>') == 2
