"""Notices: a person whose address is confirmed is told what happens to the account, and nobody else is."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox, text
from tests.support.sql import execute, query
from webapp.mail import courier

DAY = 86_400
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture
def confirmed(app: Flask, username: str) -> str:
    """The name of an account whose address is confirmed."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return username


def subjects(app: Flask) -> list[str]:
    """Of every mail that has been sent by now."""
    courier.send_round(app)
    return [str(mail["Subject"]) for mail in Outbox(app).all()]


def test_a_login_on_a_new_device(app: Flask, visitor: Browser, confirmed: str) -> None:
    """A browser that has never held this person is told of, with its name and network; the same one again is not."""
    other = Browser.of_app(app)
    other.http.headers["User-Agent"] = CHROME
    other.log_in(confirmed)
    assert subjects(app) == ["New login"]
    told = text(Outbox(app).newest(f"{confirmed}@example.com"))
    assert "Chrome · Linux" in told
    assert "http://127.0.0.1:8000/account/sessions" in told
    other.log_out()
    other.log_in(confirmed)
    visitor.log_out()
    visitor.log_in(confirmed)
    assert subjects(app) == ["New login"]


def test_a_browser_is_known_after_a_new_password(app: Flask, visitor: Browser, confirmed: str) -> None:
    """Its mark opens nothing any more, but the browser has held the person, so that is no new device."""
    other = Browser.of_app(app)
    other.log_in(confirmed)
    visitor.submit("/account/password", current_password=PASSWORD, new_password="another fine sentence")
    other.log_in(confirmed, "another fine sentence")
    assert subjects(app) == ["New login", "Your password was changed"]


def test_a_program_is_known_by_its_user_agent(app: Flask, confirmed: str) -> None:
    """The first session of each user agent is told of, the next ones are not."""
    with ApiClient.of_app(app) as client:
        for agent in ("backup/1.0", "backup/1.0", "report/2.0", "backup/1.0"):
            client.http.headers["User-Agent"] = agent
            assert client.log_in(confirmed).status_code == 200
    assert subjects(app) == ["New login", "New login"]


def test_signing_up_is_no_new_device(app: Flask, username: str) -> None:
    """A user who has just typed the address needs no mail about it."""
    assert query(app, "SELECT * FROM mails") == []


def test_an_unconfirmed_address_is_told_nothing(app: Flask, username: str) -> None:
    """The mailbox may be a stranger's."""
    Browser.of_app(app).log_in(username)
    assert query(app, "SELECT * FROM mails") == []


def test_five_a_day(app: Flask, confirmed: str, clock: SetClock) -> None:
    """A flood would hide the one that matters; the next day is a new one."""
    for _login in range(8):
        Browser.of_app(app).log_in(confirmed)
    assert subjects(app) == ["New login"] * 5
    clock.advance(DAY + 1)
    Browser.of_app(app).log_in(confirmed)
    assert subjects(app) == ["New login"] * 6


def test_an_old_token_that_is_used_again(app: Flask, visitor: Browser, confirmed: str, clock: SetClock) -> None:
    """The notice says what happened and names no token."""
    old = visitor.refresh
    for _rotation in range(2):
        clock.advance(700)
        assert visitor.get("/test/me").status_code == 200
    visitor.access, visitor.refresh = None, old
    assert visitor.get("/test/me").status_code == 303
    assert subjects(app) == ["We ended one of your sessions"]
    told = text(Outbox(app).newest(f"{confirmed}@example.com"))
    assert "An old token was used again" in told
    assert "eyJ" not in told


def test_a_farewell(app: Flask, visitor: Browser, confirmed: str) -> None:
    """It goes to the address of the account that is gone, and the row knows no person."""
    visitor.submit("/account/delete", username=confirmed, current_password=PASSWORD)
    assert subjects(app) == ["Your account is deleted"]
    assert Outbox(app).all()[0]["To"] == f"{confirmed}@example.com"
    assert query(app, "SELECT kind, user_id FROM mails") == [{"kind": "deleted", "user_id": None}]


def test_guests_get_no_mail(app: Flask, visitor: Browser) -> None:
    """Their addresses exist nowhere, so not a reset, nor a code, nor a notice is sent."""
    assert visitor.submit("/", "/lab/guest").status_code == 303
    (guest,) = query(app, "SELECT username FROM users")
    execute(app, "UPDATE users SET email_verified_at = 1")
    fields = {"csrf_token": visitor.read_form("/", "/logout").fields["csrf_token"]}
    assert visitor.post("/account/email/send", fields).status_code == 303
    stranger = Browser.of_app(app)
    assert stranger.submit("/reset", login=guest["username"]).status_code == 303
    assert subjects(app) == []
    assert query(app, "SELECT * FROM mails") == []


def test_thefts_played_in_the_lab_are_no_news(app: Flask, visitor: Browser, confirmed: str, clock: SetClock) -> None:
    """However often a thief plays one in a stolen session, the day's notices are left for the real one."""
    for _ in range(3):
        for act in ("thief", "copy"):
            assert visitor.get(f"/lab/acts/{act}").status_code == 200
    assert subjects(app) == []
    old = visitor.another_tab()
    clock.advance(601)
    for _ in range(2):
        visitor.get("/account")
    clock.advance(75)
    assert "notice=reuse" in old.get("/account").headers["location"]
    assert subjects(app) == ["We ended one of your sessions"]
