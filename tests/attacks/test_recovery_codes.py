"""Recovery codes: each opens its own account, once, and only as long as no newer set was made."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.totp import codes_of, set_up

OF_PERSON = "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = s.user_id WHERE username = ?"


@pytest.fixture
def codes(app: Flask, person: Browser, username: str, clock: SetClock) -> list[str]:
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return codes_of(set_up(person, clock())[1].text)


def try_code(app: Flask, username: str, typed: str) -> int:
    stranger = Browser.of_app(app)
    assert stranger.log_in(username).headers["location"] == "/login/second"
    return stranger.submit("/login/second", recovery_code=typed).status_code


def test_twice(app: Flask, codes: list[str], username: str, clock: SetClock) -> None:
    """Once only, and the other nine stay good."""
    assert try_code(app, username, codes[0]) == 303
    clock.advance(60)
    assert try_code(app, username, codes[0]) == 422
    assert try_code(app, username, codes[1]) == 303


def test_another_persons(app: Flask, codes: list[str], username: str, clock: SetClock) -> None:
    """Codes open their own account only."""
    other = Browser.of_app(app)
    name = other.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    set_up(other, clock())
    assert try_code(app, name, codes[0]) == 422
    assert try_code(app, username, codes[0]) == 303


def test_with_another_number(app: Flask, codes: list[str], username: str) -> None:
    """The first character names the row, so the same secret under another number is none of ours."""
    assert try_code(app, username, "7" + codes[2][1:]) == 422
    assert try_code(app, username, "Z" + codes[2][1:]) == 422
    assert try_code(app, username, codes[2]) == 303


def test_after_two_step_login_was_off(app: Flask, codes: list[str], person: Browser, username: str) -> None:
    """Without a factor there is no code, because rows that stayed would be a door nobody looks after."""
    execute(app, "DELETE FROM totp_factors")
    stranger = Browser.of_app(app)
    assert stranger.log_in(username).headers["location"] == "/"
    body = {"csrf_token": stranger.read_form("/account").fields["csrf_token"], "recovery_code": codes[0]}
    assert stranger.post("/login/second", body).headers["location"] == "/login"


def test_24_at_once(server: Server) -> None:
    """Four workers, both databases: one code, one session, whether the browsers share a login or not."""
    owner = server.browser()
    name = owner.sign_up()
    execute(server, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    typed = {"recovery_code": codes_of(set_up(owner, server.clock())[1].text)[4]}
    before = len(query(server, OF_PERSON, name))
    crowd = []
    for _ in range(3):
        first = server.browser()
        first.log_in(name)
        fields = first.read_form("/login/second").fields
        crowd += [(first.another_tab(), fields) for _ in range(8)]
    answers = at_once(24, lambda n: crowd[n][0].post("/login/second", crowd[n][1] | typed).status_code)
    assert set(answers) <= {303, 422, 503}
    assert len(query(server, OF_PERSON, name)) == before + 1
    used = query(
        server,
        "SELECT number FROM recovery_codes c JOIN users u ON u.id = c.user_id"
        " WHERE username = ? AND used_at IS NOT NULL",
        name,
    )
    assert used == [{"number": 4}]
