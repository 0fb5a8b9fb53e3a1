"""Can this process serve? The database must answer and be at the newest migration."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from webapp.store.database import DatabaseUnavailable, read

MIGRATIONS = Path(__file__).parent / "migrations"


def problem() -> str | None:
    """What keeps this process from serving, in words, or None."""
    try:
        applied = set(read(lambda connection: MigrationContext.configure(connection).get_current_heads()))
    except DatabaseUnavailable:
        return "the database does not answer"
    if applied != newest():
        return "migrations are missing; run: flask --app wsgi db upgrade"
    return None


@cache
def newest() -> frozenset[str]:
    """The newest revisions in the code."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return frozenset(ScriptDirectory.from_config(config).get_heads())


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
