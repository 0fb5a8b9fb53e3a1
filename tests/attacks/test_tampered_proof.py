"""The threat: a changed form of the lab's "Prove it is you", or one that is another's, makes a session fresh.

Each refusal is a page with a clear 4xx. The row, the tokens and other users' sessions stay as they were.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, read_parts
from tests.support.clock import SetClock
from tests.support.sql import execute, query
from tests.support.totp import code, set_up
from tests.support.trail import event_names

ROW = "SELECT auth_time, amr, refresh_generation, refresh_jti, revoked_at FROM auth_sessions WHERE id = ?"
PATH = "/lab/prove"


@pytest.fixture
def owner(person: Browser, clock: SetClock) -> Browser:
    """Logged in some time ago, and in the lab."""
    person.get("/lab")
    clock.advance(100)
    return person


def form_of(browser: Browser) -> dict[str, str]:
    """What the form would send, filled in rightly."""
    return browser.read_form("/lab", PATH).fields | {"password": PASSWORD}


def standing(app: Flask, browser: Browser) -> tuple[Any, ...]:
    """All that a proof would move: the row, and what the browser holds."""
    (row,) = query(app, ROW, browser.sid)
    return row, browser.access, browser.refresh, read_parts(browser.access or "")[1]["auth_time"]


def is_told(answer: httpx.Response, status: int, words: str) -> bool:
    """Whether a page says so, and brings no token."""
    assert answer.status_code == status, answer.text[:500]
    assert not re.search(r"(access|refresh)_token=e", str(answer.headers.get_list("set-cookie")))
    return words in answer.text


WRONG = "The password or the code is wrong."


@pytest.mark.parametrize(
    "changed",
    [
        {"password": ""},
        {"password": PASSWORD + " "},
        {"password": PASSWORD.upper()},
        {"password": "x" * 5000},
        {"password": f"{PASSWORD}\x00"},
        {"password": ["", PASSWORD]},
        {"password": ["wrong", PASSWORD]},
        {"password": "wrong", "otp": "123456", "recovery_code": "0000-0000-0000-0000", "amr": "pwd otp mfa"},
        {"password": "wrong", "auth_time": "9999999999", "fresh": "1", "proved": "1", "next": "/account/delete"},
    ],
    ids=lambda changed: " ".join(f"{name}={str(value)[:30]!r}" for name, value in changed.items()),
)
def test_changed_fields(app: Flask, owner: Browser, changed: dict[str, Any]) -> None:
    """Nothing but the whole password in its own field is one, and no added field counts as a proof."""
    form, before = form_of(owner), standing(app, owner)
    assert is_told(owner.post(PATH, form | changed), 422, WRONG)
    assert standing(app, owner) == before


def test_a_field_that_is_missing_or_no_text(app: Flask, owner: Browser) -> None:
    """No password, a file, JSON: 422, as for a wrong one."""
    form, before = form_of(owner), standing(app, owner)
    token = {"csrf_token": form["csrf_token"]}
    sent = [
        owner.post(PATH, token),
        owner.post(f"{PATH}?password={PASSWORD}", token),
        owner.http.post(PATH, data=token, files={"password": ("password", PASSWORD.encode())}),
        owner.http.post(PATH, json={"password": PASSWORD}, headers={"X-CSRFToken": token["csrf_token"]}),
    ]
    assert all(is_told(answer, 422, WRONG) for answer in sent)
    assert standing(app, owner) == before


@pytest.mark.parametrize("name", ["none", "prove", "copy/", "COPY", "copy%00", "..%2Fprove", "copy%2F..%2Fthief"])
def test_an_act_that_does_not_exist(app: Flask, owner: Browser, name: str) -> None:
    """404 or 405 by either method, with the right password or without; no session of an act is left over."""
    form, before = form_of(owner), standing(app, owner)
    for answer in (owner.get(f"/lab/acts/{name}"), owner.post(f"/lab/acts/{name}", form)):
        assert is_told(answer, answer.status_code if answer.status_code == 405 else 404, "<h1")
    assert is_told(owner.post("/lab/acts/copy", form), 405, "<h1")
    assert is_told(owner.post(f"{PATH}/copy", form), 404, "<h1")
    assert standing(app, owner) == before
    assert query(app, "SELECT COUNT(*) AS n FROM auth_sessions") == [{"n": 1}]


def test_another_users_session(app: Flask, owner: Browser, clock: SetClock) -> None:
    """Their session's id, name or password in the form proves nothing: theirs is not moved, and mine by mine alone."""
    victim = Browser.of_app(app)
    name = victim.sign_up(password="the sentence of somebody else")
    victim.get("/lab")
    clock.advance(100)
    form, mine, theirs = form_of(owner), standing(app, owner), standing(app, victim)
    named = dict.fromkeys(("sid", "session", "id", "session_id"), victim.sid) | {"username": name, "user_id": name}
    guess = {"password": "the sentence of somebody else"}
    assert is_told(owner.post(PATH, form | named | guess), 422, WRONG)
    assert is_told(owner.post(f"{PATH}?sid={victim.sid}", form | guess), 422, WRONG)
    assert (standing(app, owner), standing(app, victim)) == (mine, theirs)
    assert owner.post(PATH, form | named).status_code == 200
    assert query(app, ROW, owner.sid)[0]["auth_time"] == clock()
    assert standing(app, victim) == theirs


def test_a_pair_of_two_sessions(app: Flask, owner: Browser, clock: SetClock) -> None:
    """My access token beside another's refresh token is nobody's session: the login, whosever password comes along."""
    victim = Browser.of_app(app)
    victim.sign_up(password="the sentence of somebody else")
    victim.get("/lab")
    clock.advance(100)
    form, mine, theirs = form_of(owner), standing(app, owner), standing(app, victim)
    for password in ("the sentence of somebody else", PASSWORD):
        mixed = owner.another_tab()
        mixed.refresh = victim.refresh
        answer = mixed.post(PATH, form | {"password": password})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert "_token=e" not in str(answer.headers.get_list("set-cookie"))
    assert (standing(app, owner), standing(app, victim)) == (mine, theirs)


class TestStaleForms:
    """The right password, and a form's token that is not this browser's."""

    def test_of_another_browser(self, app: Flask, owner: Browser) -> None:
        """403, and the words say what to do; the same without a token, and with half of one."""
        other = Browser.of_app(app)
        other.sign_up()
        form, before = form_of(owner), standing(app, owner)
        foreign = form_of(other)["csrf_token"]
        for token in (foreign, "", form["csrf_token"][:-1], form["csrf_token"] + "x", "\x00"):
            assert is_told(owner.post(PATH, form | {"csrf_token": token}), 403, "This form is out of date")
        del form["csrf_token"]
        assert is_told(owner.post(PATH, form), 403, "This form is out of date")
        assert standing(app, owner) == before

    def test_of_a_browser_that_was_emptied(self, app: Flask, owner: Browser, username: str, clock: SetClock) -> None:
        """The page of before is still open; the cookies of its forms are gone: 403, and no password comes back."""
        form = form_of(owner)
        owner.http.cookies.clear()
        owner.log_in(username)
        clock.advance(100)
        before = standing(app, owner)
        answer = owner.post(PATH, form)
        assert is_told(answer, 403, "This form is out of date")
        assert PASSWORD not in answer.text
        assert standing(app, owner) == before

    def test_from_another_site(self, app: Flask, owner: Browser) -> None:
        """403 even with the token."""
        form, before = form_of(owner), standing(app, owner)
        answer = owner.post(PATH, form, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
        assert is_told(answer, 403, "The request came from another site")
        assert standing(app, owner) == before

    def test_after_the_session_ended(self, app: Flask, owner: Browser, clock: SetClock) -> None:
        """A form that is replayed after the logout, with the cookies of before: 401 and the login."""
        form, replayed = form_of(owner), owner.another_tab()
        sid = owner.sid
        owner.log_out()
        (before,) = query(app, ROW, sid)
        answer = replayed.post(PATH, form)
        assert is_told(answer, 401, "Log in")
        assert PASSWORD not in answer.text
        assert query(app, ROW, sid) == [before]


def test_a_code_is_proof_once(app: Flask, owner: Browser, username: str, clock: SetClock) -> None:
    """A copy of the form with its code: the lab as it is, moments after; 422 later. No token, nothing moved."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    secret, _shown = set_up(owner, clock())
    form = form_of(owner) | {"otp": code(secret, clock())}
    copy, late = owner.another_tab(), owner.another_tab()
    assert owner.post(PATH, form).status_code == 200
    before = standing(app, owner)
    again = copy.post(PATH, form)
    assert again.status_code == 200
    assert "access_token=e" not in str(again.headers.get_list("set-cookie"))
    assert WRONG not in again.text
    clock.advance(31)
    assert is_told(late.post(PATH, form), 422, WRONG)
    assert standing(app, owner) == before
    assert event_names(app, user=username).count("step_up.failed") == 1
