"""Somebody who knows the password, and not the second factor."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, set_up
from tests.support.trail import event_names

OF_USER = "SELECT id FROM auth_sessions WHERE user_id = (SELECT id FROM users WHERE username = ?)"
CLOSED = ("/account", "/account/factors", "/account/password", "/lab", "/account/sessions")


@pytest.fixture
def secret(app: Flask, person: Browser, username: str, clock: SetClock) -> bytes:
    """The secret of the owner's authenticator app."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return set_up(person, clock())[0]


def half(app: Flask, username: str) -> Browser:
    """A stranger's browser with a pending login."""
    browser = Browser.of_app(app)
    assert browser.log_in(username).headers["location"] == "/login/second"
    return browser


def test_a_pending_login_opens_nothing(app: Flask, secret: bytes, username: str) -> None:
    """No page, no API, no session: the cookie is nobody, wherever it is shown."""
    sessions = len(query(app, "SELECT id FROM auth_sessions"))
    stranger = half(app, username)
    for path in CLOSED:
        assert stranger.get(path).headers["location"].startswith("/login"), path
    cookie = stranger.cookie("pending_login")
    assert cookie
    for token in (cookie, cookie.partition(".")[0]):
        assert stranger.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
        stranger.access = stranger.refresh = token
        assert stranger.get("/account").status_code == 303
    assert len(query(app, "SELECT id FROM auth_sessions")) == sessions


def test_a_pending_login_that_was_changed(app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
    """Tampered with, of another person, or of before a log-out: none leads to a session."""
    stranger = half(app, username)
    cookie = stranger.cookie("pending_login") or ""
    fields = stranger.read_form("/login/second").fields | {"otp": code(secret, clock())}
    for bent in (cookie[:-1], cookie[:-2] + "AA", "x", cookie.swapcase(), "é", "A" * 5000):
        stranger.set_cookie("pending_login", bent.encode("ascii", "ignore").decode())
        assert stranger.post("/login/second", fields).headers["location"] == "/login"
    other = Browser.of_app(app)
    other.sign_up()
    other.set_cookie("pending_login", cookie)
    assert other.submit("/", "/logout").status_code == 303
    assert not other.cookie("pending_login")
    assert query(app, "SELECT id FROM auth_sessions WHERE user_agent = 'none'") == []


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "123\0456", "-12345", "1e5", "9" * 4000, "12 34 5", "<b>1</b>"],
)
def test_what_is_no_code(app: Flask, secret: bytes, username: str, typed: str) -> None:
    """Whatever is typed: 422 and no session, in either field."""
    stranger = half(app, username)
    assert stranger.submit("/login/second", otp=typed).status_code == 422
    assert stranger.submit("/login/second", recovery_code=typed).status_code == 422


def test_an_older_code_after_a_newer_one(app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
    """The step before is accepted, but not once a newer code was used; nor is the one two steps away."""
    assert half(app, username).submit("/login/second", otp=code(secret, clock(), 2)).status_code == 422
    assert half(app, username).submit("/login/second", otp=code(secret, clock(), 1)).status_code == 303
    clock.advance(60)
    assert half(app, username).submit("/login/second", otp=code(secret, clock(), -1)).status_code == 422
    assert half(app, username).submit("/login/second", otp=code(secret, clock())).status_code == 303


def test_another_persons_recovery_code(app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
    """Codes open their own account only."""
    other = Browser.of_app(app)
    name = other.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    theirs = codes_of(set_up(other, clock())[1].text)
    stranger = half(app, username)
    assert stranger.submit("/login/second", recovery_code=theirs[0]).status_code == 422


def test_the_database_read_by_a_stranger(app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
    """It holds neither the secret nor a code; a sealed secret moved to another row opens nothing."""
    import base64

    from webapp.core.base64url import encode_base64url

    rows = str(query(app, "SELECT * FROM totp_factors") + query(app, "SELECT * FROM recovery_codes"))
    for shape in (base64.b32encode(secret).decode(), encode_base64url(secret), secret.hex()):
        assert shape not in rows
    other = Browser.of_app(app)
    name = other.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    set_up(other, clock())
    (mine,) = query(
        app, "SELECT sealed FROM totp_factors t JOIN users u ON u.id = user_id WHERE username = ?", username
    )
    execute(
        app,
        "UPDATE totp_factors SET sealed = ? WHERE user_id = (SELECT id FROM users WHERE username = ?)",
        mine["sealed"],
        name,
    )
    assert half(app, name).submit("/login/second", otp=code(secret, clock())).status_code == 422


def test_nothing_secret_in_what_is_told(app: Flask, secret: bytes, person: Browser) -> None:
    """The export and the trail name the factor, never its secret."""
    form = person.read_form("/account/delete", "/account/export")
    told = person.post("/account/export", form.fields | {"current_password": PASSWORD}).text
    assert '"totp"' in told
    for word in ("sealed", "code_hash", "password_hash"):
        assert word not in told


class TestGuessing:
    """With the limits on."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_guesses_are_few_and_the_owner_gets_in(
        self, app: Flask, secret: bytes, person: Browser, username: str, clock: SetClock
    ) -> None:
        """Five wrong codes: then 429, one event, one mail; the owner's known browser has tries of its own."""
        stranger = half(app, username)
        fields = stranger.read_form("/login/second").fields
        statuses = [stranger.post("/login/second", fields | {"otp": "000000"}).status_code for _ in range(7)]
        assert statuses == [422] * 5 + [429] * 2
        assert event_names(app, user=username).count("factor.limited") == 1
        outbox = Outbox(app)
        outbox.newest(f"{username}@example.com")
        subjects = [str(mail["Subject"]) for mail in outbox.to(f"{username}@example.com")]
        assert subjects.count("Somebody knows your password") == 1
        person.log_out()
        person.log_in(username)
        assert person.submit("/login/second", otp=code(secret, clock())).status_code == 303

    def test_twenty_a_day(self, app: Flask, secret: bytes, username: str, clock: SetClock) -> None:
        """However slowly they come."""
        statuses = []
        for _ in range(5):
            stranger = half(app, username)
            fields = stranger.read_form("/login/second").fields
            statuses += [stranger.post("/login/second", fields | {"otp": "000000"}).status_code for _ in range(5)]
            clock.advance(15 * 60)
        assert statuses == [422] * 20 + [429] * 5


def test_one_code_from_24_browsers(server: Server) -> None:
    """Four workers, both databases: one session for one code."""
    owner = server.browser()
    name = owner.sign_up()
    execute(server, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    secret, shown = set_up(owner, server.clock())
    assert shown.status_code == 200
    before = len(
        query(server, "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = user_id WHERE username = ?", name)
    )
    first = server.browser()
    first.log_in(name)
    form = first.read_form("/login/second")
    tabs = [first.another_tab() for _ in range(12)]
    others = []
    for _ in range(3):
        other = server.browser()
        other.log_in(name)
        others.append((other, other.read_form("/login/second").fields))
    crowd = [(tab, form.fields) for tab in tabs] + others * 4
    typed = {"otp": code(secret, server.clock())}
    answers = at_once(24, lambda n: crowd[n][0].post("/login/second", crowd[n][1] | typed).status_code)
    assert set(answers) <= {303, 422, 429, 503}
    after = len(
        query(server, "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = user_id WHERE username = ?", name)
    )
    assert after == before + 1
