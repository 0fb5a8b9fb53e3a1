"""Can this process serve? The database must answer and be at the newest migration."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, inspect, text

from webapp.store.database import DatabaseUnavailable, read
from webapp.store.durability import Durability, doubts, durability

PATIENCE = 1.5
"""Seconds the database has to answer, because a balancer that asks must not wait for as long as a page would."""
REVISIONS = ("0001", "0002", "0003", "0004", "0009", "0010", "0011", "0012", "0013", "0014")
"""Of the migrations, oldest first. Written here so that a worker need not load Alembic; a test compares the two."""

WRONG_ENCODING = "the database's encoding is {}; create it anew with: createdb -T template0 -E UTF8"


class Health(NamedTuple):
    """Can this process serve?"""

    problem: str | None
    """What keeps it from serving, in words that any stranger may read, because none of them are the server's own."""
    warnings: list[str]
    """What does not, and may let an ended session come back."""
    details: str = ""
    """The problem with the server's own words, for the log."""


def health() -> Health:
    """Ask the database, for at most PATIENCE."""
    try:
        lacks, told = read(lambda connection: (_lacks(connection), durability(connection)), patience=PATIENCE)
    except DatabaseUnavailable as error:
        words = f"the database refuses to serve; {error.remedy}" if error.remedy else "the database does not respond"
        return Health(words, [], str(error))
    found = doubts(told) if told else []
    if told and told.standby and lacks is None:
        lacks = f"{found[0].words}; {found[0].remedy}"
    return Health(lacks, [doubt.words for doubt in found], lacks or "")


def problem() -> str | None:
    """What keeps this process from serving, in words, or None."""
    return health().problem


def examine() -> str | None:
    """What this database lacks, in words, or None. Raises DatabaseUnavailable, with the server's reason."""
    return read(_lacks, patience=PATIENCE)


def _lacks(connection: Connection) -> str | None:
    encoding, applied = _looked_at(connection)
    if encoding not in ("UTF8", None):
        # SQL_ASCII stores anything without a look at it, the others cannot store Hangul.
        return WRONG_ENCODING.format(encoding)
    # A revision that this code has never heard of, so an upgrade is under way, and the next release has migrated
    # already. It only adds, so this one serves on; if it did not, a balancer that asks would take every old host out at
    # once.
    if not applied or any(revision in REVISIONS[:-1] for revision in applied):
        return "migrations are missing; run: flask --app wsgi db upgrade"
    return None


def encoding_of(connection: Connection) -> str | None:
    """The encoding of a PostgreSQL database; None for SQLite, which stores every text."""
    if connection.dialect.name == "sqlite":
        return None
    return str(connection.execute(text("SELECT current_setting('server_encoding')")).scalar_one())


def _looked_at(connection: Connection) -> tuple[str | None, list[str]]:
    encoding = encoding_of(connection)
    if not inspect(connection).has_table("alembic_version"):
        return encoding, []
    return encoding, list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


class Facts(NamedTuple):
    """What the database says of itself."""

    clock: int
    """Its Unix second."""
    sqlite_mode: tuple[str, int] | None
    """journal_mode and synchronous (2 is FULL); None for PostgreSQL."""
    pooled: bool = False
    """Is a connection pooler in between?"""
    without_limit: tuple[str, ...] = ()
    """PostgreSQL's time-outs that are not set for this user."""
    durability: Durability | None = None


def facts() -> Facts:
    """Raises DatabaseUnavailable."""

    def ask(connection: Connection) -> Facts:
        if connection.dialect.name == "sqlite":
            clock = int(connection.execute(text("SELECT strftime('%s', 'now')")).scalar_one())
            journal = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
            return Facts(clock, (journal, int(connection.execute(text("PRAGMA synchronous")).scalar_one())))
        from webapp.store.postgres import SERVER_TIMEOUTS, is_pooled

        driver: Any = connection.connection.dbapi_connection
        unset = "SELECT name FROM pg_settings WHERE setting = '0' AND name = ANY(:names) ORDER BY name"
        return Facts(
            int(connection.execute(text("SELECT extract(epoch FROM now())")).scalar_one()),
            None,
            is_pooled(driver),
            tuple(connection.execute(text(unset), {"names": list(SERVER_TIMEOUTS)}).scalars()),
            durability(connection),
        )

    return read(ask)
