"""The cookie between password and second step: it opens nothing, wherever it comes from and wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.sql import execute, query
from tests.support.totp import code, set_up
from webapp.flows.finish_login import LoginOver
from webapp.web import login_steps, pending


@pytest.fixture
def secret(app: Flask, person: Browser, username: str, clock: SetClock) -> bytes:
    """The secret of the owner's authenticator app."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return set_up(person, clock())[0]


@pytest.fixture
def stranger(app: Flask, secret: bytes, username: str) -> Browser:
    """A browser whose user knows the password: with a pending login."""
    browser = Browser.of_app(app)
    assert browser.log_in(username).headers["location"] == "/login/second"
    return browser


def sessions(app: Flask) -> int:
    return len(query(app, "SELECT id FROM auth_sessions"))


def prove(browser: Browser, otp: str) -> str:
    """Send a code to the second step, form or no form; where the answer leads."""
    fields = browser.read_form("/login").fields  # its csrf_token
    answer = browser.post("/login/second", {"csrf_token": fields["csrf_token"], "otp": otp})
    assert answer.status_code == 303
    return answer.headers["location"]


def test_it_changes_no_answer_outside_the_steps(app: Flask, stranger: Browser) -> None:
    """Every page that needs no arguments, whatever it is, answers as to a stranger without any cookie."""
    nobody = Browser.of_app(app)
    paths = {str(rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments}
    paths |= {"/step-up", "/account/factors", "/lab/acts/thief", "/admin/people/x"}
    before = sessions(app)
    for path in sorted(path for path in paths if not path.startswith("/login/")):
        seen = stranger.get(path)
        plain = nobody.get(path)
        assert (seen.status_code, seen.headers.get("location")) == (
            plain.status_code,
            plain.headers.get("location"),
        ), path
        assert not stranger.access, path
    assert stranger.get("/account").headers["location"].startswith("/login")
    assert sessions(app) == before


def test_it_is_no_token(app: Flask, stranger: Browser) -> None:
    """Neither as Bearer, nor as an access or refresh cookie, whole or in parts."""
    cookie = stranger.cookie("pending_login")
    assert cookie
    for token in (cookie, cookie.partition(".")[0]):
        assert stranger.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
        refused = stranger.http.post("/api/v1/refresh", json={"refresh_token": token})
        assert refused.status_code == 401
        stranger.access = stranger.refresh = token
        assert stranger.get("/account").status_code == 303


def test_by_address_alone(app: Flask, secret: bytes, clock: SetClock) -> None:
    """Without a pending login every step leads to the password, even with a right code."""
    visitor = Browser.of_app(app)
    before = sessions(app)
    for path in ("/login/second", "/login/address", "/login/enrol"):
        assert visitor.get(path).headers["location"] == "/login"
    assert prove(visitor, code(secret, clock())) == "/login"
    assert sessions(app) == before


BENT: dict[str, Callable[[str], str]] = {
    "a character less": lambda cookie: cookie[:-1],
    "another signature": lambda cookie: cookie[:-4] + ("AAAA" if cookie[-4:] != "AAAA" else "BBBB"),
    "another payload": lambda cookie: "A" + cookie[1:],
    "case swapped": str.swapcase,
    "no signature": lambda cookie: cookie.partition(".")[0],
    "short": lambda _cookie: "x",
    "long": lambda cookie: cookie + "A" * 5000,
}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT.keys())
def test_tampered_with(
    app: Flask, secret: bytes, stranger: Browser, clock: SetClock, bend: Callable[[str], str]
) -> None:
    """It counts as none: the right code leads to the password."""
    stranger.set_cookie("pending_login", bend(stranger.cookie("pending_login") or ""))
    before = sessions(app)
    assert prove(stranger, code(secret, clock())) == "/login"
    assert sessions(app) == before


@pytest.mark.parametrize("what", ["old", "other epoch", "disabled"])
def test_of_another_time(
    app: Flask, secret: bytes, stranger: Browser, username: str, clock: SetClock, what: str
) -> None:
    """Ten minutes old, of before a change of credentials, of an account that was disabled: over, and cleared."""
    if what == "old":
        clock.advance(601)
    elif what == "disabled":
        execute(app, "UPDATE users SET disabled_at = 1 WHERE username = ?", username)
    else:
        execute(app, "UPDATE users SET credential_epoch = credential_epoch + 1 WHERE username = ?", username)
    before = sessions(app)
    assert prove(stranger, code(secret, clock())).startswith("/login?notice=slow")
    assert not stranger.cookie("pending_login")
    assert sessions(app) == before


def test_spoilt_in_the_moment_it_begins(stranger: Browser, username: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a kept form its page is shown at once: if the login is over by then, the step says so, and nothing fails."""

    def over(*_args: object, **_more: object) -> None:
        raise LoginOver("the credentials changed")

    monkeypatch.setattr(login_steps, "person_at_step", over)
    assert stranger.log_in(username, kept="sealed").headers["location"] == "/login/second"
    assert stranger.get("/login/second").headers["location"] == "/login?notice=slow"


def test_another_releases(app: Flask, stranger: Browser) -> None:
    """A cookie of ours with fewer parts, as an earlier release wrote it, leads to the password."""
    with app.app_context():
        written = pending.COOKIE.sign(["user", 0, False])
    stranger.set_cookie("pending_login", written)
    assert stranger.get("/login/second").headers["location"] == "/login"


def test_after_a_log_out(app: Flask, secret: bytes, stranger: Browser, clock: SetClock) -> None:
    """Logging out gives the pending login up as well."""
    fields = stranger.read_form("/login").fields
    assert stranger.post("/logout", {"csrf_token": fields["csrf_token"]}).status_code == 303
    assert not stranger.cookie("pending_login")
    assert prove(stranger, code(secret, clock())) == "/login"


def test_another_persons(app: Flask, secret: bytes, stranger: Browser, username: str, clock: SetClock) -> None:
    """The cookie says whose login it is, so another user's code does not end it, and their session stays theirs."""
    other = Browser.of_app(app)
    name = other.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    theirs = set_up(other, clock())[0]
    sid = other.sid
    other.set_cookie("pending_login", stranger.cookie("pending_login"))
    before = sessions(app)
    assert other.submit("/login/second", otp=code(theirs, clock())).status_code == 422
    assert sessions(app) == before
    assert other.get("/account").status_code == 200
    assert other.sid == sid


@pytest.mark.parametrize("two_step", [False, True], ids=["password alone", "with a second step"])
def test_planted_before_a_login(
    app: Flask, secret: bytes, stranger: Browser, username: str, clock: SetClock, two_step: bool
) -> None:
    """A pending login of another user, put into a browser, is replaced by that browser's own login."""
    victim = Browser.of_app(app)
    name = victim.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    theirs = set_up(victim, clock())[0] if two_step else b""
    victim.log_out()
    planted = stranger.cookie("pending_login")
    victim.set_cookie("pending_login", planted)
    victim.log_in(name)
    assert victim.cookie("pending_login") != planted
    if two_step:
        assert victim.submit("/login/second", otp=code(theirs, clock())).status_code == 303
    assert not victim.cookie("pending_login")
    page = victim.get("/account").text
    assert name in page
    assert username not in page


def test_nothing_of_the_session_is_known_before_it_begins(
    app: Flask, secret: bytes, person: Browser, username: str, clock: SetClock
) -> None:
    """Fixation: tokens that the browser showed before are not those it gets, and their session ends."""
    sid, refresh = person.sid, person.refresh
    fields = person.read_form("/account/sessions", "/logout").fields
    assert person.post("/login", fields | {"username": username, "password": PASSWORD}).status_code == 303
    assert person.submit("/login/second", otp=code(secret, clock())).status_code == 303
    assert person.sid != sid
    assert person.refresh != refresh
    (row,) = query(app, "SELECT revoked_reason FROM auth_sessions WHERE id = ?", sid)
    assert row["revoked_reason"] == "replaced"
