"""Databases for tests: SQLite files, and PostgreSQL databases that are made and dropped."""

from __future__ import annotations

import contextvars
import os
import secrets
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine

from tests.support.once import share_statements
from webapp.cli import add_migrations
from webapp.store.database import db

ADMIN = os.environ.get("WEBAPP_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def need(what: str, *, there: bool) -> None:
    """Skip where `what` is missing; under CI=true that is a failure."""
    if there:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing on this machine")


def postgres_is_there() -> bool:
    try:
        psycopg.connect(ADMIN, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def make_postgres_database() -> str:
    """A new empty database; its address."""
    name = f"tokenroom_test_{secrets.token_hex(6)}"
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return ADMIN.rpartition("/")[0] + f"/{name}"


def drop_postgres_database(address: str) -> None:
    name = address.rpartition("/")[2]
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


_engines: list[Engine] = []
_make_engine = SQLAlchemy._make_engine


def _make_and_remember(self: SQLAlchemy, *arguments: Any) -> Engine:
    _engines.append(engine := _make_engine(self, *arguments))
    share_statements(engine)
    return engine


SQLAlchemy._make_engine = _make_and_remember  # type: ignore[assignment, method-assign]


def dispose_of_engines() -> None:
    """Close the connections of every application that this process has made since the last time."""
    while _engines:
        _engines.pop().dispose()


def migrate(app: Flask) -> None:
    """As a process of its own would: with all the time it needs, whatever requests this thread has served before."""
    add_migrations(app)

    def run() -> None:
        with app.app_context():
            upgrade()
            db.engine.dispose()

    contextvars.Context().run(run)
