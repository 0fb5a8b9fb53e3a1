"""Bodies that are no form, sent to the views of forms: JSON of any shape and depth, and files under a field's name."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from tests.support.browser import Browser
from webapp.store.database import DatabaseUnavailable
from webapp.web import authentication

DOORS = "/login", "/signup", "/reset", "/login/passkey", "/step-up", "/step-up/passkey", "/account", "/account/password"
BODIES = (
    b'{"a":' * 10_000,
    b"[1, 2]",
    b'{"username": 5, "next": {"a": []}, "password": null, "ceremony": 1}',
    b"5",
    b"\xff",
)
FIELDS = "username", "email", "name", "password", "next", "kept", "credential", "ceremony", "login", "current_password"


def test_json_is_no_form(person: Browser) -> None:
    """A form of JSON is an empty form, however deep it is: never a crash, and never fields that are no text."""
    token = person.read_form("/", "/logout").fields["csrf_token"]
    headers = {"Content-Type": "application/json", "X-CSRFToken": token}
    for door in DOORS:
        for body in BODIES:
            assert person.http.post(door, content=body, headers=headers).status_code < 500, (door, body[:40])


def test_a_file_is_no_text(person: Browser) -> None:
    """Files that are called like the fields of a form are not looked at."""
    token = person.read_form("/", "/logout").fields["csrf_token"]
    files = dict.fromkeys(FIELDS, ("a.txt", b"text"))
    for door in DOORS:
        assert person.http.post(door, data={"csrf_token": token}, files=files).status_code < 500, door


def test_a_form_that_nobody_can_read_while_the_database_is_away(
    person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is 503 as for any form; only a form that could be read is offered once more."""

    def away(*_args: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(authentication, "judge", away)
    files = {f"f{number}": ("", b"x") for number in range(201)}  # more parts than are read
    answer = person.http.post("/account", files=files)
    assert answer.status_code == 503
    assert "Your input has been kept." not in answer.text
    assert "Your input has been kept." in person.post("/account", {"name": "Ada"}).text


def test_the_link_of_an_error_page_stays_here(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away, `//evil.example/` is no link to another host."""

    def away(*_args: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(authentication, "judge", away)
    path = "//evil.example/x"
    page = app.test_client().open(EnvironBuilder(path="/", environ_overrides={"PATH_INFO": path, "RAW_URI": path}))
    assert page.status_code == 503
    assert 'href="/evil.example/x"' in page.text
    assert "//evil.example" not in page.text
