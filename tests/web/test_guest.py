"""Guests of the lab: one click, a real account without a password, gone with all it has after a day."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from tests.support.browser import NAVIGATION, Browser
from tests.support.clock import SetClock
from webapp.core.lifetimes import DAY
from webapp.flows.purge import purge
from webapp.store.database import db


def enter(visitor: Browser) -> int:
    """Press the button on the front page."""
    return visitor.submit("/", "/lab/guest").status_code


def rows(app: Flask, statement: str) -> list[tuple[object, ...]]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(text(statement))]


def test_one_click_leads_into_the_lab(visitor: Browser, app: Flask) -> None:
    """A real account: it has two tokens, a role and a row, and its name is made up."""
    answer = visitor.submit("/", "/lab/guest")
    assert (answer.status_code, answer.headers["location"]) == (303, "/lab")
    assert visitor.get("/lab").status_code == 200
    assert visitor.access
    assert visitor.refresh
    assert rows(app, "SELECT role FROM users WHERE guest_until IS NOT NULL AND username LIKE 'guest-%'") == [("user",)]


def test_the_lab_says_when_the_account_is_deleted(visitor: Browser, clock: SetClock) -> None:
    """A guest reads it, nobody else does."""
    enter(visitor)
    assert "You are here as a guest" in visitor.get("/lab").text
    other = visitor.another_tab()
    other.access = other.refresh = None
    other.sign_up()
    assert "You are here as a guest" not in other.get("/lab").text


def test_a_guest_is_offered_nothing_that_asks_for_a_password(visitor: Browser, app: Flask) -> None:
    """Password and address are no tabs of an account that has neither password nor mailbox; its data are."""
    enter(visitor)
    page = visitor.get("/account").text
    assert "/account/sessions" in page
    assert "Entered as a guest" in visitor.get("/account/sessions").text
    assert 'href="/account/delete"' in page
    for path in ("/account/password", "/account/email"):
        assert f'href="{path}"' not in page
    other = Browser.of_app(app)
    other.sign_up()
    assert 'href="/account/email"' in other.get("/account").text


def test_a_guest_who_has_just_entered_can_delete_the_account(visitor: Browser, app: Flask, clock: SetClock) -> None:
    """Entering is the only proof that a guest has. Ten minutes later the page says what to do instead."""
    enter(visitor)
    name = visitor.get("/test/me").json()["username"]
    document = visitor.submit("/account/delete", "/account/export").json()
    assert document["profile"]["username"] == name
    late = visitor.read_form("/account/delete")
    clock.advance(601)
    answer = visitor.post("/account/delete", late.fields | {"username": name})
    assert answer.headers["location"] == "/step-up?next=%2Faccount%2Fdelete"
    page = visitor.get(answer.headers["location"]).text
    assert "Log out instead" in page
    assert 'type="password"' not in page
    assert rows(app, "SELECT COUNT(*) FROM users") == [(1,)]
    visitor.log_out()
    enter(visitor)
    name = visitor.get("/test/me").json()["username"]
    answer = visitor.submit("/account/delete", username=name)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?notice=deleted")
    assert rows(app, "SELECT COUNT(*) FROM users") == [(1,)]
    assert visitor.get("/test/me").status_code == 303


@pytest.mark.parametrize("password", ["", "none", "guest", "\x00" * 32, "x" * 2000])
def test_no_password_opens_it(visitor: Browser, app: Flask, password: str) -> None:
    """Neither on the login page nor over the API."""
    enter(visitor)
    ((name,),) = rows(app, "SELECT username FROM users")
    stranger = Browser.of_app(app)
    assert stranger.log_in(str(name), password).status_code == 422
    answer = stranger.http.post("/api/v1/login", json={"username": str(name), "password": password})
    assert answer.status_code in (400, 401)


def test_the_session_ends_with_the_account(visitor: Browser, clock: SetClock) -> None:
    """However often the tokens are replaced, and even where nobody purges."""
    enter(visitor)
    for _ in range(23):
        clock.advance(3600)
        assert visitor.get("/lab").status_code == 200
    clock.advance(3600)
    assert visitor.get("/lab").status_code == 303


def test_after_a_day_nothing_is_left(visitor: Browser, app: Flask, clock: SetClock) -> None:
    """Purging deletes the account, its sessions, what the lab kept and its events, and nobody else's."""
    other = Browser.of_app(app)
    name = other.sign_up()
    enter(visitor)
    visitor.get("/lab")
    with app.app_context():
        assert purge(clock() + DAY - 1).guests == 0
        assert purge(clock() + DAY).guests == 1
        assert purge(clock() + DAY).guests == 0
    assert rows(app, "SELECT username FROM users") == [(name,)]
    for table in ("auth_sessions", "lab_requests", "security_events"):
        assert rows(app, f"SELECT COUNT(*) FROM {table} WHERE user_id NOT IN (SELECT id FROM users)") == [(0,)]
    assert other.get("/account").status_code == 200
    assert visitor.get("/account").status_code == 303


def test_a_user_who_is_logged_in_stays_who_they_are(visitor: Browser, app: Flask) -> None:
    """A user who is logged in becomes no guest."""
    name = visitor.sign_up()
    token = visitor.read_form("/", "/logout").fields["csrf_token"]
    answer = visitor.post("/lab/guest", {"csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/lab")
    assert rows(app, "SELECT username FROM users") == [(name,)]


@pytest.mark.parametrize("settings", [{"WEBAPP_LAB": "off"}, {"WEBAPP_SIGNUP": "closed"}])
def test_where_lab_or_sign_up_is_closed_there_are_no_guests(visitor: Browser, app: Flask) -> None:
    """No button, and no address that would answer to one."""
    page = visitor.get("/")
    assert "/lab/guest" not in page.text
    token = visitor.read_form("/login").fields["csrf_token"]
    assert visitor.post("/lab/guest", {"csrf_token": token}).status_code in (404, 405)
    assert rows(app, "SELECT COUNT(*) FROM users") == [(0,)]


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on"}])
def test_guests_count_as_sign_ups(app: Flask) -> None:
    """Twenty an hour from one address, sign-ups and guests together; then 429."""
    for number in range(20):
        visitor = Browser.of_app(app)
        if number % 2:
            visitor.sign_up()
        else:
            assert enter(visitor) == 303
    assert enter(Browser.of_app(app)) == 429


def test_another_site_cannot_make_guests(app: Flask, visitor: Browser) -> None:
    """Cross-site and tokenless posts make no account."""
    visitor.get("/")
    assert visitor.post("/lab/guest", {}).status_code == 403
    answer = app.test_client().post("/lab/guest", headers=NAVIGATION | {"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert rows(app, "SELECT COUNT(*) FROM users") == [(0,)]
