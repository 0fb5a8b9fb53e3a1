"""Statements behind the application's back, on a connection of their own that is always closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from psycopg.rows import dict_row

from tests.support.server import Server
from webapp.services import services_of


def database_file(place: Flask | Server) -> Path:
    """The SQLite file of an application or a server."""
    return Path(place.instance_path if isinstance(place, Flask) else place.folder) / "tokenroom.db"


def _postgres(place: Flask | Server) -> str | None:
    settings = services_of(place).settings.database_url if isinstance(place, Flask) else place.settings.get(URL, "")
    return settings.replace("postgresql+psycopg:", "postgresql:") if settings.startswith("postgresql") else None


URL = "WEBAPP_DATABASE_URL"


@contextmanager
def sqlite(path: Path, **options: Any) -> Iterator[sqlite3.Connection]:
    """A SQLite connection that is committed and closed at the end of the block. (sqlite3's own block only commits.)"""
    with closing(sqlite3.connect(path, **options)) as connection, connection:
        yield connection


def query(place: Flask | Server, statement: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a SELECT, by column. Values stand as `?`, whatever the database."""
    if url := _postgres(place):
        with psycopg.connect(url, row_factory=dict_row) as postgres:
            return postgres.execute(statement.replace("?", "%s"), values).fetchall()
    with sqlite(database_file(place)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement, values)]


def execute(place: Flask | Server, statement: str, *values: object) -> None:
    """Run one statement and commit it."""
    if url := _postgres(place):
        with psycopg.connect(url) as postgres:
            postgres.execute(statement.replace("?", "%s"), values)
        return
    with sqlite(database_file(place)) as connection:
        connection.execute(statement, values)
