"""Changing the password."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, cookies_set

NEW = "another fine sentence"


def change(browser: Browser, current: str = PASSWORD, new: str = NEW):  # type: ignore[no-untyped-def]
    return browser.submit("/account/password", current_password=current, new_password=new)


def test_this_browser_goes_on_with_a_new_session_and_all_others_end(app: Flask, visitor: Browser) -> None:
    """New tokens here; the tokens of before are dead, here as on the other device; only the new password works."""
    name = visitor.sign_up()
    other, copy = Browser.of_app(app), visitor.another_tab()
    other.log_in(name)
    answer = change(visitor)
    assert answer.status_code == 303
    assert set(cookies_set(answer)) == {"access_token", "refresh_token", "known_browser"}
    assert visitor.get("/test/me").json()["username"] == name
    assert other.get("/account").headers["location"] == "/login?next=%2Faccount&notice=password"
    assert copy.get("/account").headers["location"] == "/login?next=%2Faccount&notice=replaced"
    assert other.log_in(name, PASSWORD).status_code == 422
    assert other.log_in(name, NEW).status_code == 303
    assert "The password was changed." in visitor.get("/account/activity").text


def test_keep_me_logged_in_stays_as_it_was(app: Flask, visitor: Browser) -> None:
    """A changed password keeps the session's choice to outlive the browser, or not."""
    name = visitor.sign_up()
    visitor.log_out()
    visitor.log_in(name, remember="y")
    assert "Max-Age=2592000" in cookies_set(change(visitor))["refresh_token"]
    short = Browser.of_app(app)
    short.log_in(name, NEW)
    assert "Max-Age" not in cookies_set(change(short, NEW, "and yet another sentence"))["refresh_token"]


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("not the password", NEW, "This is not your current password."),
        ("", NEW, "This is not your current password."),
        (PASSWORD, PASSWORD, "This is your current password."),
        (PASSWORD, "short", "Use at least 8 characters."),
        (PASSWORD, "x" * 1025, "Use at most 1024 characters."),
        (PASSWORD, "password1234", "Attackers try it first"),
        (PASSWORD, "", "Use at least 8 characters."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(visitor: Browser, current: str, new: str, words: str) -> None:
    """422, nothing changed, and neither password comes back in the page."""
    name = visitor.sign_up()
    answer = change(visitor, current, new)
    assert answer.status_code == 422
    assert words in answer.text
    assert all(name.startswith("tokenroom_form_") for name in cookies_set(answer))
    assert PASSWORD not in answer.text
    assert NEW not in answer.text
    visitor.log_out()
    assert visitor.log_in(name).status_code == 303


def test_a_form_without_fields_is_422(visitor: Browser) -> None:
    """A form without its fields is a 422."""
    visitor.sign_up()
    form = visitor.read_form("/account/password")
    assert visitor.post(form.action, {"csrf_token": form.fields["csrf_token"]}).status_code == 422


def test_api_sessions_end_too(app: Flask, visitor: Browser) -> None:
    """A session of the other channel is a row as any other."""
    from webapp.core.demands import NOTHING
    from webapp.flows.arrival import Arrival
    from webapp.flows.client import Client
    from webapp.flows.open_session import open_session
    from webapp.services import services_of
    from webapp.store import auth_sessions
    from webapp.store.database import transact

    visitor.sign_up()
    user_id = visitor.get("/test/me").json()["id"]
    with app.app_context():
        services = services_of(app)
        row = transact(
            lambda tx: open_session(
                tx,
                Arrival("api", Client("127.0.0.1"), services.clock(), services.settings.lifetimes, NOTHING),
                user_id=user_id,
                credential_epoch=0,
            )
        )
        assert change(visitor).status_code == 303
        after = auth_sessions.load(row.sid)
        assert after is not None
        assert after.revoked_reason == "password"
