"""An intruder who knows the password guesses the code of the second step."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.guarded import GuardedServer
from tests.support.mailbox import Outbox
from tests.support.sql import execute, query
from tests.support.totp import code, set_up
from tests.support.trail import event_names

CONFIRM = "UPDATE users SET email_verified_at = 1 WHERE username = ?"
MAILS = "SELECT m.id FROM mails m JOIN users u ON u.id = m.user_id WHERE username = ? AND m.kind = 'second_failed'"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_RATE_LIMITS": "on"}


@pytest.fixture
def secret(app: Flask, person: Browser, username: str, clock: SetClock) -> bytes:
    """The secret of the owner's authenticator app."""
    execute(app, CONFIRM, username)
    return set_up(person, clock())[0]


def guesses(app: Flask, username: str, count: int) -> list[int]:
    """Wrong codes from a browser that has never logged in to the account."""
    stranger = Browser.of_app(app)
    assert stranger.log_in(username).headers["location"] == "/login/second"
    fields = stranger.read_form("/login/second").fields
    return [stranger.post("/login/second", fields | {"otp": "000000"}).status_code for _ in range(count)]


def test_guesses_are_few_and_the_owner_gets_in(
    app: Flask, secret: bytes, person: Browser, username: str, clock: SetClock
) -> None:
    """Five wrong codes: then 429, one event, one mail; the owner's known browser has tries of its own."""
    assert guesses(app, username, 7) == [422] * 5 + [429] * 2
    assert event_names(app, user=username).count("factor.limited") == 1
    outbox = Outbox(app)
    outbox.newest(f"{username}@example.com")
    subjects = [str(mail["Subject"]) for mail in outbox.to(f"{username}@example.com")]
    assert subjects.count("Another person may know your password") == 1
    person.log_out()
    person.log_in(username)
    assert person.submit("/login/second", otp=code(secret, clock())).status_code == 303


def test_a_right_code_is_refused_while_the_limit_lasts(
    app: Flask, secret: bytes, username: str, clock: SetClock
) -> None:
    """Else the limit would slow nobody down; it says for how long, and ends by itself."""
    guesses(app, username, 5)
    stranger = Browser.of_app(app)
    stranger.log_in(username)
    refused = stranger.submit("/login/second", otp=code(secret, clock()))
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    clock.advance(int(refused.headers["retry-after"]))
    stranger.log_in(username)
    assert stranger.submit("/login/second", otp=code(secret, clock())).status_code == 303


def test_twenty_a_day(app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
    """However slowly they come: the twenty-first of a day is refused."""
    statuses = []
    for _ in range(5):
        statuses += guesses(app, username, 5)
        clock.advance(15 * 60)
    assert statuses == [422] * 20 + [429] * 5


def test_the_doors_share_their_count(app: Flask, secret: bytes, username: str) -> None:
    """Five at the website leave none for the API, whether a code or a recovery code is guessed."""
    guesses(app, username, 5)
    with ApiClient.of_app(app) as api:
        body = {"username": username, "password": PASSWORD}
        for guess in ({"otp": "000000"}, {"recovery_code": "0ABC-DEFG-HJKM-NPQR"}):
            refused = api.http.post("/api/v1/login", json=body | guess)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0


def test_six_at_once_from_several_workers(guarded_server: GuardedServer) -> None:
    """They share the count, on both databases: five are answered, the sixth is refused, and one mail says so."""
    server = guarded_server
    owner = server.browser()
    name = owner.sign_up()
    execute(server, CONFIRM, name)
    secret, _shown = set_up(owner, server.clock())
    first = server.browser()
    first.log_in(name)
    fields = first.read_form("/login/second").fields
    tabs = [first.another_tab() for _ in range(6)]
    answers = at_once(6, lambda n: tabs[n].post("/login/second", fields | {"otp": "000000"}))
    assert sorted(answer.status_code for answer in answers) == [422] * 5 + [429]
    (refused,) = (answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    again = at_once(6, lambda n: tabs[n].post("/login/second", fields | {"otp": "000000"}).status_code)
    assert again == [429] * 6
    assert len(query(server, MAILS, name)) == 1
    owner.log_out()
    owner.log_in(name)
    assert owner.submit("/login/second", otp=code(secret, server.clock())).status_code == 303
