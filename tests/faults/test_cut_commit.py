"""The connection is cut in the middle of a COMMIT: was it made? Nobody guesses, and the next request finds out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser, case_of, cookies_set
from tests.support.clock import SetClock
from tests.support.wire import Wire
from webapp.services import services_of
from webapp.store.database import db

pytestmark = pytest.mark.faults

NEW_PASSWORD = "another perfectly fine sentence"

both_outcomes = pytest.mark.parametrize("delivered", [True, False], ids=["committed", "not committed"])


@pytest.fixture
def wire(migrated_postgres: str) -> Iterator[Wire]:
    port = int(migrated_postgres.rpartition(":")[2].partition("/")[0])
    with Wire(port) as wire:
        yield wire


@pytest.fixture
def app(tmp_path: Path, migrated_postgres: str, wire: Wire) -> Iterator[Flask]:
    """The application, whose database is at the other end of `wire`."""
    name = migrated_postgres.rpartition("/")[2]
    app = build_app(tmp_path, {"WEBAPP_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{wire.port}/{name}"})
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def person(app: Flask) -> Browser:
    browser = Browser.of_app(app)
    browser.sign_up()
    assert browser.get("/test/me").status_code == 200  # its generation is confirmed
    return browser


def advance(app: Flask, seconds: int) -> None:
    clock = services_of(app).clock
    assert isinstance(clock, SetClock)
    clock.advance(seconds)


@both_outcomes
def test_a_rotation(app: Flask, person: Browser, wire: Wire, *, delivered: bool) -> None:
    """The UPDATE is sent again, and its condition tells, so the browser gets the one successor either way."""
    advance(app, 601)
    wire.cut_at(b"UPDATE auth_sessions", delivered=delivered)
    assert case_of(person.get("/test/me")) == f"case 2: access reissued{', same refresh again' if delivered else ''}"
    assert wire.cuts == 1
    for _ in range(3):
        advance(app, 601)
        assert case_of(person.get("/test/me")) == "case 2: access reissued"


@both_outcomes
def test_a_logout(app: Flask, person: Browser, wire: Wire, *, delivered: bool) -> None:
    """503 and untouched cookies. Whether the session has ended shows at the next request."""
    form = person.read_form("/", "/logout")
    wire.cut_at(b"COMMIT", delivered=delivered)
    answer = person.post("/logout", form.fields)
    assert (answer.status_code, wire.cuts) == (503, 1)
    assert not cookies_set(answer)
    assert "othing was changed" not in answer.text
    tab = person.another_tab()
    assert tab.get("/test/me").status_code == (303 if delivered else 200)
    assert person.post("/logout", form.fields).status_code == 303
    assert tab.get("/test/me").status_code == 303


@both_outcomes
def test_a_password_change(app: Flask, person: Browser, wire: Wire, *, delivered: bool) -> None:
    """503. Then either the new password counts and every session is over, or the old one does and nothing is."""
    name = person.get("/test/me").json()["username"]
    form = person.read_form("/account/password")
    fields = form.fields | {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    wire.cut_at(b"COMMIT", delivered=delivered)
    answer = person.post("/account/password", fields)
    assert (answer.status_code, wire.cuts) == (503, 1)
    assert not cookies_set(answer)
    stranger = Browser.of_app(app)
    right, wrong = (NEW_PASSWORD, PASSWORD) if delivered else (PASSWORD, NEW_PASSWORD)
    assert stranger.log_in(name, wrong).status_code == 422
    assert person.get("/test/me").status_code == (303 if delivered else 200)
    assert stranger.log_in(name, right).status_code == 303


@both_outcomes
def test_a_sign_up(app: Flask, wire: Wire, *, delivered: bool) -> None:
    """503. If the account was made, its owner can log in; if not, signing up again works."""
    visitor = Browser.of_app(app)
    form = visitor.read_form("/signup")
    name = f"cut{delivered}".lower()
    fields = form.fields | {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    wire.cut_at(b"COMMIT", delivered=delivered)
    assert (visitor.post("/signup", fields).status_code, wire.cuts) == (503, 1)
    assert visitor.log_in(name).status_code == (303 if delivered else 422)
    if not delivered:
        assert visitor.post("/signup", fields).status_code == 303
