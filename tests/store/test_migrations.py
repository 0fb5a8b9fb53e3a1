"""Migrations run up and down on both databases, and the models are what they make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import create_engine, inspect, text

from tests.support.commands import run_command
from tests.support.databases import drop_postgres_database, make_postgres_database, need, postgres_is_there
from tests.support.sql import sqlite
from webapp import create_app
from webapp.cli import MIGRATIONS, add_migrations
from webapp.store.database import db
from webapp.store.health import REVISIONS, problem
from webapp.store.migrations_lock import take_turn
from webapp.store.postgres import Connector


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty database."""
    settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path)}
    address = None
    if request.param == "postgres":
        need("PostgreSQL", there=postgres_is_there())
        address = settings["WEBAPP_DATABASE_URL"] = make_postgres_database()
    app = create_app(settings)
    add_migrations(app)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if address:
        drop_postgres_database(address)


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_the_revisions_are_those_that_health_knows(empty: Flask) -> None:
    """The health check lists exactly the migrations of the folder, in their order."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(MIGRATIONS))
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))


def test_up_down_up(empty: Flask) -> None:
    """Migrations run up, down to an empty database, and up again to the same tables."""
    assert problem() == "migrations are missing; run: flask --app wsgi db upgrade"
    upgrade()
    full = tables()
    assert full >= {"users", "auth_sessions", "security_events"}
    assert problem() is None
    downgrade(revision="base")
    assert tables() == set()
    upgrade()
    assert tables() == full
    upgrade()  # twice is fine


def test_ready_in_the_middle_of_an_upgrade(empty: Flask) -> None:
    """Each older revision is not enough; one of a later release, which has migrated first, is no reason to stop."""
    upgrade()
    assert problem() is None
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_of_a_later_release'"))
    assert problem() is None
    for revision in REVISIONS[:-1]:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        assert problem() == "migrations are missing; run: flask --app wsgi db upgrade"


def test_addresses_are_found_by_case_alone(empty: Flask) -> None:
    """Keys of before were made with compatible characters, so two mailboxes could not both have an account."""
    upgrade(revision="0010")
    addresses = ["Ada@Example.com", "\ufb01ona@example.com", "stra\u00dfe@example.com", "\uff41b@example.com"]
    old = ["ada@example.com", "fiona@example.com", "strasse@example.com", "ab@example.com"]
    new = ["ada@example.com", "\ufb01ona@example.com", "stra\u00dfe@example.com", "ab@example.com"]
    columns = "id, username, username_key, email, email_key, name, password_hash, role, theme, language"
    with db.engine.begin() as connection:
        for number, (address, key) in enumerate(zip(addresses, old, strict=True)):
            name = f"person{number}"
            connection.execute(
                text(
                    f"INSERT INTO users ({columns}, credential_epoch, created_at) VALUES "
                    "(:name, :name, :name, :address, :key, '', '', 'user', 'auto', 'en', 0, 0)"
                ),
                {"name": name, "address": address, "key": key},
            )

    def keys() -> list[str]:
        with db.engine.connect() as connection:
            return list(connection.execute(text("SELECT email_key FROM users ORDER BY id")).scalars())

    upgrade()
    assert keys() == new
    downgrade(revision="0010")
    assert keys() == old


def test_the_command(tmp_path: Path) -> None:
    """`flask db` is there, as a process of its own finds it, and brings an empty database up to date."""
    settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path)}
    run_command(settings, "db", "upgrade")
    assert f"{REVISIONS[-1]} (head)" in run_command(settings, "db", "current").stdout


def test_a_release_that_is_gone_back_to(tmp_path: Path) -> None:
    """Its `db upgrade` says in one line that the tables are a later release's, and changes nothing."""
    settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path)}
    run_command(settings, "db", "upgrade")
    with sqlite(tmp_path / "tokenroom.db") as lite:
        lite.execute("UPDATE alembic_version SET version_num = '9999'")
        lite.commit()
    told = run_command(settings, "db", "upgrade", fails=True)
    assert told.stdout == ""
    assert told.stderr.startswith("Error: the database has migrations that this release does not know (9999). It can")
    assert told.stderr.count("\n") == 1


def test_a_migration_may_take_its_time(migrated_postgres: str) -> None:
    """An index on five million rows takes longer than any request may, so no time-out of the requests' holds here."""
    connection = Connector(migrated_postgres)()
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection)
    with engine.begin() as transaction:
        ours = transaction.scalar(text("SHOW statement_timeout"))
        take_turn(transaction)
        theirs = transaction.scalar(text("SHOW statement_timeout"))
    engine.dispose()
    assert (ours, theirs) == ("4s", "0")


def test_room_for_updates_in_place(migrated_postgres: str) -> None:
    """PostgreSQL only: pages of sessions are a fifth empty, and the index for the purge holds ended ones alone."""
    with psycopg.connect(migrated_postgres) as connection:
        found = connection.execute("SELECT reloptions FROM pg_class WHERE relname = 'auth_sessions'").fetchone()
        rows = connection.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'auth_sessions'").fetchall()
    assert found == (["fillfactor=80"],)
    assert any("(revoked_at) WHERE (revoked_at IS NOT NULL)" in row[0] for row in rows)


def test_the_models_are_what_the_migrations_make(empty: Flask) -> None:
    """Alembic finds no difference between the models and the migrated tables."""
    upgrade()
    check()  # exits with 1 where they differ
