"""Two clicks on one button. The browser shows the answer to the last, and forgets what the first one set.

The second answer is as good as the first, and no session is left over that nobody holds. `another_tab` stands for the
first click: it sends the same form with the same cookies, and its answer never reaches the browser.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, Form
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.sql import query
from tests.support.trail import event_names
from webapp.core.session import SessionRow
from webapp.flows import change_password

NEW = "another fine sentence"


def live(place: Flask | Server, name: str) -> int:
    rows = query(
        place,
        "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = s.user_id "
        "WHERE u.username = ? AND s.revoked_at IS NULL AND s.credential_epoch = u.credential_epoch",
        name,
    )
    return len(rows)


def sign_up_form(browser: Browser, name: str) -> Form:
    form = browser.read_form("/signup")
    form.fields |= {"username": name, "email": f"{name}@example.com", "name": "Ada", "password": PASSWORD}
    return form


def log_in_form(browser: Browser, name: str) -> Form:
    Browser.sign_up(browser, name)
    browser.log_out()
    form = browser.read_form("/login")
    form.fields |= {"username": name, "password": PASSWORD}
    return form


def password_form(browser: Browser, name: str) -> Form:
    Browser.sign_up(browser, name)
    form = browser.read_form("/account/password")
    form.fields |= {"current_password": PASSWORD, "new_password": NEW}
    return form


FORMS = {"/signup": sign_up_form, "/login": log_in_form, "/account/password": password_form}
each_form = pytest.mark.parametrize("form_of", FORMS.values(), ids=FORMS)


def two_clicks(browser: Browser, form: Form) -> tuple[httpx.Response, httpx.Response]:
    first = browser.another_tab()
    return first.post(form.action, form.fields), browser.post(form.action, form.fields)


@each_form
def test_the_second_click_is_answered_as_the_first(
    app: Flask, visitor: Browser, clock: SetClock, form_of: Callable[[Browser, str], Form]
) -> None:
    """Logged in, sent to the same page, one session, one story in the trail."""
    name = f"c{secrets.token_hex(5)}"
    form = form_of(visitor, name)
    before = len(event_names(app, user=name))
    first, second = two_clicks(visitor, form)
    assert (first.status_code, second.status_code) == (303, 303), second.text
    assert second.headers["location"] == first.headers["location"]
    assert visitor.get("/test/me").json()["username"] == name
    assert live(app, name) == 1
    story = event_names(app, user=name)[before:]
    assert len(story) == len(set(story)), story
    clock.advance(601)
    assert visitor.get("/test/me").status_code == 200, "the session renews as any other"


@each_form
def test_two_clicks_at_the_same_moment(server: Server, form_of: Callable[[Browser, str], Form]) -> None:
    """Two workers, one form. With either answer the browser is logged in, and nothing is left over."""
    browser = server.browser()
    name = f"c{secrets.token_hex(5)}"
    form = form_of(browser, name)
    tabs = [browser.another_tab() for _ in range(3)]
    answers = at_once(3, lambda number: tabs[number].post(form.action, form.fields))
    assert [answer.status_code for answer in answers] == [303] * 3
    assert [tab.get("/account").status_code for tab in tabs] == [200] * 3
    assert live(server, name) == 1


def test_the_other_click_changes_the_password_between_two_reads(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second click has read the old hash, and then finds the session that came of the new one: 303, too."""
    form = password_form(visitor, f"c{secrets.token_hex(5)}")
    first, look_for = visitor.another_tab(), change_password.session_of_form
    clicks: list[int] = []

    def look(*arguments: Any) -> SessionRow | None:
        if not clicks:
            clicks.append(0)
            clicks[:] = at_once(1, lambda _: first.post(form.action, form.fields).status_code)
        return look_for(*arguments)

    monkeypatch.setattr(change_password, "session_of_form", look)
    assert visitor.post(form.action, form.fields).status_code == 303
    assert clicks == [303]
    assert visitor.get("/account").status_code == 200


def test_a_form_that_is_sent_again_much_later_is_no_second_click(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """A page that stood open over lunch: a name that is taken is taken."""
    name = f"c{secrets.token_hex(5)}"
    form = sign_up_form(visitor, name)
    tab = visitor.another_tab()
    assert tab.post(form.action, form.fields).status_code == 303
    clock.advance(31)
    late = visitor.post(form.action, form.fields)
    assert late.status_code == 422
    assert "taken" in late.text


def test_another_browser_with_the_same_words_is_no_second_click(app: Flask, visitor: Browser) -> None:
    """The form counts, not its fields, or a stranger who knows a new name would be let in."""
    name = f"c{secrets.token_hex(5)}"
    visitor.sign_up(name)
    other = Browser.of_app(app)
    form = sign_up_form(other, name)
    answer = other.post(form.action, form.fields)
    assert answer.status_code == 422
    assert other.access is None


def test_a_form_after_a_logout_starts_a_session_of_its_own(app: Flask, visitor: Browser) -> None:
    """The session of the first click has ended, so the id is not used again."""
    name = f"c{secrets.token_hex(5)}"
    form = log_in_form(visitor, name)
    assert visitor.post(form.action, form.fields).status_code == 303
    first = visitor.sid
    visitor.log_out()
    assert visitor.post(form.action, form.fields).status_code == 303
    assert visitor.sid != first
    assert visitor.get("/test/me").status_code == 200


def test_logging_in_again_from_the_same_form_replaces_the_session(app: Flask, visitor: Browser) -> None:
    """The request presents the first session, so its answer did arrive. This is a decision, and no second click."""
    name = f"c{secrets.token_hex(5)}"
    form = log_in_form(visitor, name)
    assert visitor.post(form.action, form.fields).status_code == 303
    first = visitor.sid
    assert visitor.post(form.action, form.fields).status_code == 303
    assert visitor.sid != first
    assert live(app, name) == 1


def test_a_stolen_old_token_is_no_second_click(app: Flask, visitor: Browser) -> None:
    """After a password change the old cookies open nothing, not even with the very form, without its password."""
    form = password_form(visitor, f"c{secrets.token_hex(5)}")
    thief = visitor.another_tab()
    assert visitor.post(form.action, form.fields).status_code == 303
    for fields in (form.fields | {"new_password": "a guess of the thief"}, {"new_password": NEW}, {}):
        answer = thief.post(form.action, fields)
        assert answer.status_code != 303 or answer.headers["location"].startswith("/login")
        assert "set-cookie" not in answer.headers or "access_token=ey" not in answer.headers["set-cookie"]
    assert thief.get("/test/me").status_code == 303
    assert visitor.get("/test/me").status_code == 200
