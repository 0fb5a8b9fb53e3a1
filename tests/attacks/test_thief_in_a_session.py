"""A thief in one of a person's sessions: guesses the current password, and must not stand in the owner's way."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from webapp.web.limits import LIMITS


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_RATE_LIMITS": "on"}


def wrong_tries(thief: Browser, times: int) -> list[int]:
    fields = thief.read_form("/account/password").fields
    fields |= {"current_password": "wrong one", "new_password": "another fine sentence"}
    return [thief.post("/account/password", fields).status_code for _ in range(times)]


def change(owner: Browser) -> int:
    return owner.submit(
        "/account/password", current_password=PASSWORD, new_password="another fine sentence"
    ).status_code


def another_session(app: Flask, name: str) -> Browser:
    browser = Browser.of_app(app)
    assert browser.log_in(name).status_code == 303
    return browser


def test_the_owner_changes_the_password_whatever_a_thief_has_tried(app: Flask, visitor: Browser) -> None:
    """Ten wrong tries close the door for the session that made them, and for no other."""
    name = visitor.sign_up()
    thief = another_session(app, name)
    assert wrong_tries(thief, 12) == [422] * 10 + [429] * 2
    assert change(thief) == 429
    assert change(visitor) == 303


def test_many_stolen_sessions_guess_no_faster_than_the_account_allows(app: Flask, visitor: Browser) -> None:
    """Each feels what the others did. Thirty wrong tries elsewhere are enough."""
    name = visitor.sign_up()
    amount = LIMITS["password_elsewhere"].amount
    for _ in range(amount // LIMITS["password"].amount):
        assert wrong_tries(another_session(app, name), 10) == [422] * 10
    assert wrong_tries(another_session(app, name), 2) == [422, 422], "its own tries are none of another session's"
    assert wrong_tries(another_session(app, name), 1) == [429]


def test_right_passwords_use_up_nothing(app: Flask, visitor: Browser) -> None:
    """Eleven refusals of a weak new password, each with the right current one."""
    visitor.sign_up()
    for _ in range(11):
        answer = visitor.submit("/account/password", current_password=PASSWORD, new_password=PASSWORD)
        assert answer.status_code == 422
    assert change(visitor) == 303
