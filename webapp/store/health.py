"""Can this process serve? The database must answer and be at the newest migration."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

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
