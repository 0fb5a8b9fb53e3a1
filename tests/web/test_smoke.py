"""The main job, once through the front door."""

from __future__ import annotations

from tests.support.browser import Browser, case_of, cookies_set
from tests.support.clock import SetClock
from tests.support.server import Server


def test_stays_logged_in_through_an_expired_access_token(visitor: Browser, clock: SetClock) -> None:
    """Sign up, let the access token expire, post the form opened before: served, and both tokens are new."""
    visitor.sign_up()
    form = visitor.read_form("/account")
    clock.advance(601)
    answer = visitor.post(form.action, form.fields | {"name": "Ada"})
    assert answer.status_code == 303
    assert case_of(answer) == "case 2: access reissued"
    assert set(cookies_set(answer)) == {"access_token", "refresh_token"}
    assert "Ada" in visitor.get("/account").text


def test_the_same_under_gunicorn(server: Server) -> None:
    """Signing up and one refresh work under gunicorn, on both databases."""
    browser = server.browser()
    name = browser.sign_up()
    server.clock.advance(601)
    answer = browser.get("/test/me")
    assert answer.json()["username"] == name
    assert case_of(answer) == "case 2: access reissued"
