"""Read the audit trail and the session rows behind a server's back."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.support.server import Server


def rows(server: Server, table: str, where: str, value: str) -> list[dict[str, Any]]:
    """Rows of `table` whose column `where` is `value`, in the order they were written."""
    url = server.settings.get("WEBAPP_DATABASE_URL", "")
    if url.startswith("postgresql"):
        with psycopg.connect(url, row_factory=dict_row) as connection:
            return connection.execute(f"SELECT * FROM {table} WHERE {where} = %s ORDER BY id", (value,)).fetchall()
    connection = sqlite3.connect(server.folder / "tokenroom.db")
    try:
        connection.row_factory = sqlite3.Row
        found = connection.execute(f"SELECT * FROM {table} WHERE {where} = ? ORDER BY id", (value,)).fetchall()
        return [dict(row) for row in found]
    finally:
        connection.close()


def events(server: Server, sid: str) -> list[dict[str, Any]]:
    """The events of one session."""
    return rows(server, "security_events", "sid", sid)
