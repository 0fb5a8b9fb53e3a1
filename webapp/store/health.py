"""Can this process serve? The database must answer and be at the newest migration."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, inspect, text

from webapp.store.database import DatabaseUnavailable, read

NEWEST_REVISION = "0003"
"""The newest migration's. Written here so that a worker need not load Alembic to compare it; a test does compare."""


def problem() -> str | None:
    """What keeps this process from serving, in words, or None."""
    try:
        applied = read(_applied)
    except DatabaseUnavailable:
        return "the database does not answer"
    if applied != [NEWEST_REVISION]:
        return "migrations are missing; run: flask --app wsgi db upgrade"
    return None


def _applied(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


class Facts(NamedTuple):
    """What the database says of itself."""

    clock: int
    """Its Unix second."""
    sqlite_mode: tuple[str, int] | None
    """journal_mode and synchronous (2 is FULL); None for PostgreSQL."""


def facts() -> Facts:
    """Raises DatabaseUnavailable."""

    def ask(connection: Connection) -> Facts:
        if connection.dialect.name == "sqlite":
            clock = int(connection.execute(text("SELECT strftime('%s', 'now')")).scalar_one())
            journal = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
            return Facts(clock, (journal, int(connection.execute(text("PRAGMA synchronous")).scalar_one())))
        return Facts(int(connection.execute(text("SELECT extract(epoch FROM now())")).scalar_one()), None)

    return read(ask)
