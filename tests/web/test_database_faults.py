"""The database is locked or gone: 503 with Retry-After, cookies untouched, and the next request works again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser, case_of, cookies_set
from tests.support.clock import SetClock
from tests.support.databases import ADMIN
from tests.support.server import free_port
from tests.support.sql import database_file, sqlite
from webapp.services import services_of
from webapp.store import postgres, time_budget
from webapp.store.database import db

pytestmark = pytest.mark.faults


SHORT = 0.3
"""Seconds that PostgreSQL waits for a lock here."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a lock is real time, so it is kept short."""
    monkeypatch.setattr(time_budget, "PATIENCE", 0.2)


@pytest.fixture
def locked(app: Flask, person: Browser, impatient: None) -> Iterator[sqlite3.Connection]:
    """Another process holds SQLite's write lock; reads still work in WAL."""
    with sqlite(database_file(app), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_locked_pages_are_served_and_the_refresh_waits_for_better_times(
    person: Browser, clock: SetClock, locked: sqlite3.Connection
) -> None:
    """A locked database serves the page with the old tokens, and the next request refreshes."""
    clock.advance(600)
    before = person.access, person.refresh
    answer = person.get("/test/me")
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert (person.access, person.refresh) == before
    assert case_of(answer) == "case 2: nothing reissued: left to the next request"
    locked.execute("ROLLBACK")
    assert case_of(person.get("/test/me")) == "case 2: access reissued"


def test_locked_log_in_log_out_and_forms_are_503(
    app: Flask, person: Browser, clock: SetClock, locked: sqlite3.Connection
) -> None:
    """Under a lock each write is a 503 that clears no cookie, and works afterwards."""
    fields = person.read_form("/account").fields
    name = person.get("/test/me").json()["username"]
    for path, form in (
        ("/account", {"name": "New"}),
        ("/logout", {}),
        ("/login", {"username": name, "password": PASSWORD}),
        ("/signup", {"username": "new", "email": "new@example.com", "password": PASSWORD}),
    ):
        answer = person.post(path, fields | form)
        assert answer.status_code == 503, path
        assert int(answer.headers["retry-after"]) > 0
        assert not cookies_set(answer), path
        assert "Back in a moment" in answer.text
        assert "othing was changed" not in answer.text
    locked.execute("ROLLBACK")
    assert person.get("/test/me").status_code == 200
    assert person.post("/account", fields | {"name": "New"}).status_code == 303
    assert Browser.of_app(app).log_in(name).status_code == 303
    assert person.log_out().status_code == 303


def test_the_wait_is_bounded(person: Browser, locked: sqlite3.Connection) -> None:
    """A write waits for a lock for less than two seconds."""
    fields = person.read_form("/account").fields
    started = time.monotonic()
    assert person.post("/account", fields | {"name": "New"}).status_code == 503
    assert time.monotonic() - started < 2


def test_a_file_that_is_no_database(app: Flask, person: Browser) -> None:
    """A damaged database file is a 503 that clears no cookie, until the file is back."""
    path = Path(services_of(app).settings.database_url.removeprefix("sqlite:///"))
    with app.app_context():
        db.engine.dispose()
    kept = {p: p.read_bytes() for p in path.parent.glob(path.name + "*")}
    for leftover in kept:
        leftover.unlink()
    path.write_bytes(b"this is no database at all " * 200)
    answer = person.get("/account")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert not cookies_set(answer)
    with app.app_context():
        db.engine.dispose()
    for place, content in kept.items():
        place.write_bytes(content)
    assert person.get("/account").status_code == 200


@pytest.fixture
def on_postgres(tmp_path: Path, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setitem(postgres.SERVER_TIMEOUTS, "lock_timeout", SHORT)
    app = build_app(tmp_path / "pg", {"WEBAPP_DATABASE_URL": migrated_postgres})
    yield app
    with app.app_context():
        db.engine.dispose()


def end_all_connections(address: str) -> None:
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (address.rpartition("/")[2],),
        )


def test_postgres_restarts_between_requests(on_postgres: Flask, migrated_postgres: str) -> None:
    """Nobody notices, because a SELECT is sent again, and a transaction is begun again."""
    browser = Browser.of_app(on_postgres)
    name = browser.sign_up()
    clock = services_of(on_postgres).clock
    assert isinstance(clock, SetClock)
    for _ in range(3):
        end_all_connections(migrated_postgres)
        clock.advance(600)
        assert case_of(browser.get("/test/me")) == "case 2: access reissued"
        end_all_connections(migrated_postgres)
        assert browser.get("/test/me").status_code == 200
        end_all_connections(migrated_postgres)
        assert Browser.of_app(on_postgres).log_in(name).status_code == 303


def test_a_locked_row_on_postgres(on_postgres: Flask, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is served; the refresh is left to the next request."""
    browser = Browser.of_app(on_postgres)
    browser.sign_up()
    clock = services_of(on_postgres).clock
    assert isinstance(clock, SetClock)
    clock.advance(600)
    with psycopg.connect(migrated_postgres) as other:
        other.execute("SELECT * FROM auth_sessions FOR UPDATE")
        started = time.monotonic()
        answer = browser.get("/test/me")
        assert answer.status_code == 200
        assert not cookies_set(answer)
        # Once for the confirmation and once for the rotation, because a lock that was not to be had is not waited for
        # again.
        assert time.monotonic() - started < 4 * SHORT
    assert case_of(browser.get("/test/me")) == "case 2: access reissued"


def test_a_locked_table_on_postgres(on_postgres: Flask, migrated_postgres: str) -> None:
    """Not even the one SELECT gets through: 503 after one wait, cookies untouched."""
    browser = Browser.of_app(on_postgres)
    browser.sign_up()
    with psycopg.connect(migrated_postgres) as other:
        other.execute("LOCK TABLE auth_sessions IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answer = browser.get("/test/me")
        assert answer.status_code == 503
        assert not cookies_set(answer)
        assert time.monotonic() - started < 2.5 * SHORT
    assert browser.get("/test/me").status_code == 200


def test_postgres_is_not_there(tmp_path: Path) -> None:
    """Nothing listens: 503 for everybody with a token; strangers still see public pages; probes tell the truth."""
    app = build_app(tmp_path / "gone", {"WEBAPP_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{free_port()}/x"})
    browser = Browser.of_app(app)
    assert browser.get("/healthz").status_code == 200
    ready = browser.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["reason"] == "the database does not respond"
    assert browser.get("/").status_code == 200
    fields = browser.read_form("/login").fields
    answer = browser.post("/login", fields | {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "access_token" not in cookies_set(answer)
    with app.app_context():
        db.engine.dispose()
