"""A database that answers but is not ready: no tables yet, or a migration forgotten. 503 and untouched cookies, as for
a database that is away; never 500, never a login page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import text

from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser, case_of, cookies_set
from tests.support.clock import SetClock
from tests.support.databases import drop_postgres_database, make_postgres_database, migrate, need, postgres_is_there
from webapp.cli import add_migrations
from webapp.services import services_of
from webapp.store.database import db


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The setting that names a new, empty database."""
    if request.param == "sqlite":
        yield {}
        return
    need("PostgreSQL", there=postgres_is_there())
    address = make_postgres_database()
    yield {"WEBAPP_DATABASE_URL": address}
    drop_postgres_database(address)


@pytest.fixture
def app(tmp_path: Path, database: dict[str, str]) -> Iterator[Flask]:
    app = build_app(tmp_path / "instance", database)
    migrate(app)
    yield app
    with app.app_context():
        db.engine.dispose()


def change(app: Flask, statement: str) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(statement))


@contextmanager
def without(app: Flask, table: str, column: str | None = None) -> Iterator[None]:
    """Meanwhile the table, or one of its columns, has another name."""
    if column:
        change(app, f"ALTER TABLE {table} RENAME COLUMN {column} TO away")
        yield
        change(app, f"ALTER TABLE {table} RENAME COLUMN away TO {column}")
    else:
        change(app, f"ALTER TABLE {table} RENAME TO away")
        yield
        change(app, f"ALTER TABLE away RENAME TO {table}")


def refused(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert not {name for name in cookies_set(answer) if "token" in name and "csrf" not in name}


def advance(app: Flask) -> None:
    clock = services_of(app).clock
    assert isinstance(clock, SetClock)
    clock.advance(601)


@pytest.mark.parametrize(
    ("table", "column"),
    [("users", None), ("auth_sessions", None), ("users", "credential_epoch"), ("auth_sessions", "refresh_jti")],
)
def test_the_signed_in_are_refused_and_keep_their_cookies(
    app: Flask, visitor: Browser, caplog: pytest.LogCaptureFixture, table: str, column: str | None
) -> None:
    """Pages, refreshes, logout, login, the API; the log says what to do; and all is well when the table is there."""
    name = visitor.sign_up()
    assert visitor.get("/test/me").status_code == 200
    form = visitor.read_form("/", "/logout")
    stranger = Browser.of_app(app)
    fields = stranger.read_form("/login").fields
    before = visitor.access, visitor.refresh
    with without(app, table, column), caplog.at_level(logging.ERROR):
        for path in ("/test/me", "/account", "/"):
            refused(visitor.get(path))
        advance(app)
        refused(visitor.get("/test/me"))
        refused(visitor.post(form.action, form.fields))
        refused(stranger.post("/login", fields | {"username": name, "password": PASSWORD}))
        refused(stranger.http.post("/api/v1/login", json={"username": name, "password": PASSWORD}))
        assert (visitor.access, visitor.refresh) == before
    assert "database unavailable" in caplog.text
    assert "Traceback" not in caplog.text
    assert case_of(visitor.get("/test/me")) == "case 2: access reissued"
    assert stranger.log_in(name).status_code == 303


def test_without_the_trail_nothing_is_changed_untold(app: Flask, visitor: Browser) -> None:
    """Signed-in users read on; nothing happens that would have to be written down."""
    name = visitor.sign_up()
    form = visitor.read_form("/", "/logout")
    with without(app, "security_events"):
        assert visitor.get("/test/me").json()["username"] == name
        refused(Browser.of_app(app).log_in(name))
        refused(visitor.post(form.action, form.fields))
        assert visitor.get("/test/me").status_code == 200
    assert visitor.log_out().status_code == 303


def test_a_view_that_reads_a_table_of_its_own(app: Flask, visitor: Browser) -> None:
    """An added page gets the same answer for a migration of its own that has not run."""

    @app.get("/test/own-table")
    def own_table() -> str:
        return str(db.session.execute(text("SELECT count(*) FROM invoices")).scalar_one())

    visitor.sign_up()
    refused(visitor.get("/test/own-table"))
    assert visitor.get("/test/me").status_code == 200


def test_a_mistake_in_a_statement_is_still_ours(app: Flask, visitor: Browser) -> None:
    """PostgreSQL tells nonsense from a missing table; nonsense is a 500 that is in the log."""

    @app.get("/test/nonsense")
    def nonsense() -> str:
        return str(db.session.execute(text("SELECT count(DISTINCT) FROM users")).scalar_one())

    visitor.sign_up()
    answer = visitor.get("/test/nonsense")
    with app.app_context():
        assert answer.status_code == (500 if db.engine.name == "postgresql" else 503)


def test_an_empty_database(app: Flask, visitor: Browser) -> None:
    """Before the first migration: public pages are there, everything else says 503, and probes say why."""
    add_migrations(app)
    with app.app_context():
        downgrade(revision="base")
        db.engine.dispose()
    for path in ("/", "/login", "/signup", "/healthz", "/metrics"):
        assert visitor.get(path).status_code == 200, path
    ready = visitor.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["reason"] == "migrations are missing; run: flask --app wsgi db upgrade"
    refused(visitor.log_in("ada"))
    signup = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
    refused(visitor.submit("/signup", **signup))
    refused(visitor.http.post("/api/v1/login", json={"username": "ada", "password": PASSWORD}))
