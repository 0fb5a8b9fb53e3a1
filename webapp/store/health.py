"""Can this process serve? The database must answer and be at the newest migration."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, inspect, text

from webapp.store.database import DatabaseUnavailable, read

REVISIONS = ("0001", "0002", "0003", "0004")
"""Of the migrations, oldest first. Written here so that a worker need not load Alembic; a test compares the two."""


def problem() -> str | None:
    """What keeps this process from serving, in words, or None."""
    try:
        applied = read(_applied)
    except DatabaseUnavailable:
        return "the database does not respond"
    # A revision that this code has never heard of: an upgrade is under way, and the next release has migrated already.
    # It only adds, so this one serves on; if it did not, a balancer that asks would take every old host out at once.
    if not applied or any(revision in REVISIONS[:-1] for revision in applied):
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
