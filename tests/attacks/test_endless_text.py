"""Text that costs its sender nothing and the server seconds: combining marks without end, in every field there is.

Unicode normalisation sorts combining marks in quadratic time. 16,000 of them kept a worker busy for two seconds, before
any limit was asked.
"""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from flask import Flask

from tests.support.api import API, ApiClient
from tests.support.browser import PASSWORD, Browser
from webapp.core.text import MAX_NORMALISED

MARKS = "a" + "\u0301" * 5200 + "\u0327" * 5200
"""As long as a form's 64 kB can hold."""
LIGATURES = "\ufdfa" * 254
"""Short enough for every field, and 18 times as long in NFKC."""
ENOUGH = 0.05
"""Seconds of processor time for one request without a password to hash."""


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_RATE_LIMITS": "on"}


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """How many characters `normalize` and `casefold` have been given at most, by whichever library."""
    seen = {"normalize": 0, "casefold": 0}
    genuine = unicodedata.normalize

    def normalize(form: Any, text: str) -> str:
        seen["normalize"] = max(seen["normalize"], len(text))
        return genuine(form, text)

    def watch(_frame: Any, event: str, function: Any) -> None:
        if event == "c_call" and getattr(function, "__name__", "") == "casefold":
            seen["casefold"] = max(seen["casefold"], len(function.__self__))

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    sys.setprofile(watch)
    yield seen
    sys.setprofile(None)


def every_door(app: Flask, text: str) -> list[tuple[str, Callable[[], httpx.Response]]]:
    """(name, request): each field of users' input, filled with `text`."""
    stranger, person, client = Browser.of_app(app), Browser.of_app(app), ApiClient.of_app(app)
    name = person.sign_up()
    client.log_in(name)
    log_in, sign_up = stranger.read_form("/login").fields, stranger.read_form("/signup").fields
    profile, change = person.read_form("/account").fields, person.read_form("/account/password").fields
    fine = {"username": "!", "email": "ada@example.com", "name": "Ada", "password": PASSWORD}

    doors: list[tuple[str, Callable[[], httpx.Response]]] = [
        ("/login", lambda: stranger.post("/login", log_in | {"username": text, "password": text})),
        ("/api/v1/login", lambda: client.http.post(f"{API}/login", json={"username": text, "password": text})),
        ("/account", lambda: person.post("/account", profile | {"name": text})),
        ("PATCH /me", lambda: client.send("PATCH", "/me", json={"name": text})),
        ("/account/password", lambda: person.post("/account/password", change | {"new_password": text})),
        ("/login?next", lambda: stranger.get("/login", params={"next": f"//{text[:4000]}"})),
        ("/api/v1/users", lambda: client.send("GET", "/users", params={"after": text[:1000]})),
    ]
    doors += [
        (f"/signup {field}", lambda f=field: stranger.post("/signup", sign_up | fine | {f: text})) for field in fine
    ]
    doors.append(
        (
            "/signup address",
            lambda: stranger.post("/signup", sign_up | fine | {"email": f"{text[:4000]}@{text[:4000]}"}),
        )
    )
    return doors


@pytest.mark.parametrize("text", [MARKS, LIGATURES], ids=["marks", "ligatures"])
def test_nothing_long_is_ever_normalised(app: Flask, longest: dict[str, int], text: str) -> None:
    """Lengths come first: at every door, and in every library behind it."""
    for name, knock in every_door(app, text):
        longest.update(normalize=0, casefold=0)
        assert knock().status_code < 500, name
        assert max(longest.values()) <= MAX_NORMALISED, f"{name}: {longest}"
    for arguments in (
        ["users", "create", text, text, "--name", text, "--password-stdin"],
        ["users", "list", "--search", text],
        ["sessions", "list", "--user", text],
        ["audit", "--user", text],
    ):
        app.test_cli_runner().invoke(args=arguments, input=f"{text}\n")
        assert max(longest.values()) <= MAX_NORMALISED, arguments[:2]


def test_a_request_full_of_combining_marks_is_cheap(app: Flask) -> None:
    """At a login the hash of a password comes on top, whatever was typed."""
    started = time.process_time()
    Browser.of_app(app).submit("/login", username="nobody", password=PASSWORD)
    hashing = time.process_time() - started
    for name, knock in every_door(app, MARKS):
        knock()  # templates, tables of the email validator
        started = time.process_time()
        knock()
        spent = time.process_time() - started
        assert spent < ENOUGH + hashing, f"{name}: {spent * 1000:.0f} ms"


def test_a_long_login_is_nobody_and_is_counted(app: Flask) -> None:
    """The limit holds for text that is no login, because it is counted by what was typed."""
    stranger = Browser.of_app(app)
    fields = stranger.read_form("/login").fields | {"username": "x" * 255, "password": "wrong one"}
    codes = [stranger.post("/login", fields).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
