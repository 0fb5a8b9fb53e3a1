"""Nobody learns from `/reset` who has an account: the same answer, the same statements, the same limit."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.sql import execute
from tests.support.statements import statements

KINDS = ("known", "unknown", "disabled", "confirmed", "by address", "a guest", "no such form")


def login_of(kind: str, username: str) -> str:
    return {
        "unknown": "nobody.at.all",
        "by address": f"{username}@example.com",
        "no such form": "not a login at all!",
    }.get(kind, username)


def answer_of(app: Flask, kind: str) -> tuple[int, dict[str, str], bytes, list[str]]:
    """Status, headers, body and statements of one request."""
    person = Browser.of_app(app)
    username = person.sign_up()
    if kind == "confirmed":
        execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    if kind == "a guest":
        execute(app, "UPDATE users SET email = 'guest-1@guest.invalid' WHERE username = ?", username)
    if kind == "disabled":
        execute(app, "UPDATE users SET disabled_at = 1 WHERE username = ?", username)
    visitor = Browser.of_app(app)
    form = visitor.read_form("/reset")
    with statements(app) as seen:
        answer = visitor.post("/reset", form.fields | {"login": login_of(kind, username)})
    headers = {
        name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id", "server-timing")
    }
    return answer.status_code, headers, answer.content, [text.split()[0] for text in seen]


def test_the_same_answer_and_the_same_statements(app: Flask) -> None:
    """Byte for byte, one SELECT and one INSERT, for every login that an account could have."""
    known = answer_of(app, "known")
    assert known[0] == 303
    assert [verb for verb in known[3] if verb in ("SELECT", "INSERT")] == ["SELECT", "INSERT"]
    for kind in KINDS[1:-1]:
        assert answer_of(app, kind) == known, kind


def change_to(app: Flask, address: str) -> tuple[int, dict[str, str], bytes, list[str]]:
    """The same of one change of address, and of the page that follows it."""
    person = Browser.of_app(app)
    person.sign_up(password=PASSWORD)
    form = person.read_form("/account/email")
    with statements(app) as seen:
        answer = person.post("/account/email", form.fields | {"email": address, "current_password": PASSWORD})
    headers = {name: value for name, value in answer.headers.items() if name in ("location", "content-type", "vary")}
    return answer.status_code, headers, answer.content, [text.split()[0] for text in seen]


def test_a_change_of_address_tells_as_little(app: Flask) -> None:
    """The address of nobody, of an account that has confirmed it, and of one that has not: equal in every byte, with
    equal statements."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", Browser.of_app(app).sign_up("bob"))
    Browser.of_app(app).sign_up("eve")
    free = change_to(app, "nobody@example.com")
    assert (free[0], free[1]["location"]) == (303, "/account/email?notice=asked")
    assert change_to(app, "bob@example.com") == free
    assert change_to(app, "eve@example.com") == free


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on"}])
@pytest.mark.parametrize("known", [True, False])
def test_the_limit_counts_what_was_typed(app: Flask, known: bool) -> None:
    """The sixth request of an hour is refused, known or not."""
    person = Browser.of_app(app)
    username = person.sign_up() if known else "nobody.at.all"
    visitor = Browser.of_app(app)
    statuses = [visitor.submit("/reset", login=username).status_code for _ in range(6)]
    assert statuses == [303] * 5 + [429]
