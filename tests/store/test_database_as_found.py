"""The database as an operator made it: its encoding, its rights, its settings, and others who migrate it at once.

A refusal names its reason and what to do, in one line, from every command; and nothing answers 500.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser
from tests.support.commands import run_command
from tests.support.databases import ADMIN, drop_postgres_database, migrate, need, postgres_is_there
from tests.support.poolers import PGBOUNCER, PgBouncer
from tests.support.server import Server
from webapp import create_app
from webapp.store.database import db
from webapp.store.health import REVISIONS
from webapp.store.migrations_lock import TURN

BASE = ADMIN.rpartition("/")[0]


@pytest.fixture(autouse=True)
def _postgres() -> None:
    need("PostgreSQL", there=postgres_is_there())


@contextmanager
def database(options: str = "") -> Iterator[str]:
    """A new empty database, made with `options`; its address."""
    name = f"tokenroom_found_{secrets.token_hex(6)}"
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" {options}'.encode())
    try:
        yield f"{BASE}/{name}"
    finally:
        drop_postgres_database(f"{BASE}/{name}")


@contextmanager
def role(*options: str) -> Iterator[str]:
    """A user with no rights of its own; its name."""
    name = f"tokenroom_role_{secrets.token_hex(6)}"
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        for option in options:
            admin.execute(f"ALTER ROLE {name} {option}".encode())
    try:
        yield name
    finally:
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def as_user(address: str, user: str) -> str:
    parts = urlsplit(address)
    return f"postgresql://{user}@{parts.hostname}:{parts.port}{parts.path}"


def tables_anyhow(settings: dict[str, str], folder: Path) -> Browser:
    """Make the tables of today's models, whatever the command would say; a browser at that application."""
    app = build_app(folder, settings)
    with app.app_context():
        db.metadata.create_all(db.engine)
        with db.engine.begin() as tx:
            tx.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
            tx.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{REVISIONS[-1]}')")
        db.engine.dispose()
    return Browser.of_app(app)


# -- encodings (R17) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_KR"])
def test_an_encoding_that_cannot_hold_every_name(tmp_path: Path, encoding: str) -> None:
    """The commands, `/readyz` and doctor say so; a stranger who types Hangul gets no 500."""
    with database(f"TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'") as address:
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": address}
        said = f"Error: the database's encoding is {encoding}; create it anew with: createdb -T template0 -E UTF8\n"
        assert run_command(settings, "db", "upgrade", fails=True).stderr == said
        assert run_command(settings, "users", "list", fails=True).stderr == said
        browser = tables_anyhow(settings, tmp_path)
        ready = browser.get("/readyz")
        assert ready.status_code == 503
        assert f"encoding is {encoding}" in ready.json()["reason"]
        doctor = run_command(settings, "doctor", fails=True).stdout
        assert f"failing  database: the database's encoding is {encoding}\n" in doctor
        for name in ("홍길동", "naïve", "🦊"):
            answer = browser.http.post("/api/v1/login", json={"username": name, "password": "x" * 9})
            assert answer.status_code in (401, 503), name
        answer = browser.submit("/signup", username="ada", email="ada@한국.example", name="홍 🦊", password=PASSWORD)
        assert answer.status_code in (303, 503)


# -- what is not there, and rights -------------------------------------------------------------------------------------


def test_a_database_or_user_that_does_not_exist(tmp_path: Path) -> None:
    """One line with the reason and what to do, from each command; `/readyz` tells what to do and no names."""
    for address, words in (
        (f"{BASE}/no_such_database", 'database "no_such_database" does not exist; create it'),
        (as_user(ADMIN, "nobody_such"), 'role "nobody_such" does not exist; correct the user name'),
    ):
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": address}
        for command in (("db", "upgrade"), ("db", "check"), ("users", "list")):
            said = run_command(settings, *command, fails=True).stderr
            assert said.startswith(f"Error: the database refused: {words}")
            assert said.count("\n") == 1
        ready = Browser.of_app(create_app(settings)).get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["reason"].startswith("the database refuses to serve; c")
        assert "no_such" not in ready.text
        assert "nobody_such" not in ready.text
        assert "; " not in run_command(settings, "doctor", fails=True).stdout.split("database: ")[1].split("\n")[0]


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """SQLite's refusals are one line, too."""
    note = tmp_path / "note.txt"
    note.write_text("a note that lies where the database is said to be\n")
    for address, words in (
        (f"sqlite:///{note}/x.db", "unable to open database file; create its folder"),
        (f"sqlite:///{note}", "file is not a database; correct WEBAPP_DATABASE_URL"),
        (f"sqlite:///{tmp_path}", "unable to open database file"),
    ):
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": address}
        for command in (("db", "upgrade"), ("users", "list")):
            said = run_command(settings, *command, fails=True).stderr
            assert words in said
            assert said.count("\n") == 1


def test_rights_that_are_missing(tmp_path: Path) -> None:
    """No right to create tables, then none to read them: a line for commands, 503 for users, and what to GRANT."""
    with role() as user, database() as address:
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": as_user(address, user)}
        said = run_command(settings, "db", "upgrade", fails=True).stderr
        assert said.startswith("Error: the database refused: permission denied for schema public; as the owner, GRANT")
        assert said.count("\n") == 1
        migrate(create_app(settings | {"WEBAPP_DATABASE_URL": address}))  # by another user, as happens
        said = run_command(settings, "users", "list", fails=True).stderr
        assert said.startswith("Error: the database refused: permission denied for table alembic_version; as the owner")
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute(f"GRANT SELECT ON alembic_version TO {user}".encode())
        assert "permission denied for table users" in run_command(settings, "users", "list", fails=True).stderr
        browser = Browser.of_app(create_app(settings))
        for answer in (
            browser.submit("/login", username="ada", password=PASSWORD),
            browser.http.post("/api/v1/login", json={"username": "ada", "password": PASSWORD}),
        ):
            assert answer.status_code == 503
            assert "permission" not in answer.text


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("SET search_path = ''", "no schema has been selected to create in; create a schema"),
        ("SET default_transaction_read_only = on", "session is read-only; WEBAPP_DATABASE_URL must name a primary"),
        ("CONNECTION LIMIT 0", "too many connections for role"),
        ("NOLOGIN", "is not permitted to log in"),
    ],
)
def test_a_user_with_odd_settings(tmp_path: Path, option: str, words: str) -> None:
    """The line has the server's own words, for each of its refusals."""
    with role(option) as user, database() as address:
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": as_user(address, user)}
        said = run_command(settings, "db", "upgrade", fails=True).stderr
        assert words in said
        assert said.count("\n") == 1


def test_settings_of_a_database_that_change_how_it_speaks(tmp_path: Path) -> None:
    """Isolation, quoting, dates, encodings of clients, names of schemas. An administrator's choice breaks nothing."""
    with database("ENCODING 'UTF8' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'") as address:
        name = address.rpartition("/")[2]
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            for setting in (
                "default_transaction_isolation = 'serializable'",
                "standard_conforming_strings = off",
                "DateStyle = 'German, DMY'",
                "TimeZone = 'Asia/Seoul'",
                "client_encoding = 'EUC_KR'",
                "lock_timeout = 1",
            ):
                admin.execute(f"ALTER DATABASE {name} SET {setting}".encode())
        options = "?options=-c%20search_path%3D%22%ED%95%9C%25%22&application_name=%EB%A1%9C%EA%B7%B8%EC%9D%B8"
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute('CREATE SCHEMA "한%"')
        settings = {"WEBAPP_DATABASE_URL": address + options}
        app = build_app(tmp_path, settings)
        migrate(app)
        browser = Browser.of_app(app)
        username = browser.sign_up()
        answer = browser.submit("/account", name="홍 길동 \\' 🦊")
        assert answer.status_code == 303
        assert "홍 길동 \\&#39; 🦊" in browser.get("/").text
        with psycopg.connect(address) as owner:
            owner.execute("SET client_encoding = utf8")
            found = owner.execute('SELECT username FROM "한%".users').fetchall()
        assert found == [(username,)]
        with app.app_context():
            db.engine.dispose()


def test_a_database_called_with_odd_characters(tmp_path: Path) -> None:
    """Percent-encoded in the URL, as it is on the server."""
    name = f"방 100% a?b#c/{secrets.token_hex(4)}"
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        encoded = f"{BASE}/%EB%B0%A9%20100%25%20a%3Fb%23c%2F{name[-8:]}"
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": encoded}
        run_command(settings, "db", "upgrade")
        assert run_command(settings, "users", "list").returncode == 0
    finally:
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


# -- at once (R18) -----------------------------------------------------------------------------------------------------


def test_migrations_at_once(tmp_path: Path) -> None:
    """Containers that start together: one migrates, the others wait and find nothing to do."""
    with database() as address:
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": address}
        create_app(settings)  # the key file, which each would make otherwise
        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(run_command, settings, "db", "upgrade") for _ in range(3)]
        assert [process.result().returncode for process in done] == [0, 0, 0]


def test_a_migration_waits_for_its_turn(tmp_path: Path) -> None:
    """Nothing is made before it is its turn; then all of it is."""
    with database() as address:
        settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_DATABASE_URL": address}
        with psycopg.connect(address) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
            upgrade = threading.Thread(target=lambda: run_command(settings, "db", "upgrade"))
            upgrade.start()
            waiting = (
                "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
                "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
            )
            while other.execute(waiting).fetchone() != (1,):
                assert upgrade.is_alive()
            assert other.execute("SELECT to_regclass('users'), to_regclass('alembic_version')").fetchone() == (
                None,
                None,
            )
        upgrade.join(30)
        with psycopg.connect(address) as other:
            assert other.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISIONS[-1],)


# -- poolers (R20) -----------------------------------------------------------------------------------------------------


def visit(server: Server, pages: int) -> list[int]:
    browser = server.browser()
    browser.sign_up()
    return [browser.get("/account").status_code for _ in range(pages)]


def test_pgbouncer_of_debian_12(tmp_path: Path) -> None:
    """Transaction mode, four connections for all, nothing set: migrations, pages and refreshes as without it."""
    need("PgBouncer", there=PGBOUNCER is not None)
    with (
        database() as address,
        PgBouncer(tmp_path / "pooler", address) as pooler,
        Server(tmp_path / "server", pooler.address, workers=2) as server,
    ):
        with ThreadPoolExecutor(6) as pool:
            found = [status for result in pool.map(lambda _: visit(server, 12), range(6)) for status in result]
        assert set(found) == {200}
        assert server.browser().get("/readyz").status_code == 200
        doctor = run_command(server.settings, "doctor").stdout
        assert "warning  timeouts: a connection pooler is in between, and this user has no idle_in_" in doctor


def test_a_pooler_is_named_where_statements_are_prepared_all_the_same(tmp_path: Path) -> None:
    """With `WEBAPP_PREPARED_STATEMENTS=on` in front of a pooler that cannot: 503, and the log names the setting.

    Both workers share one connection of the pooler, so that each meets the statements of the other.
    """
    need("PgBouncer", there=PGBOUNCER is not None)
    forced = {"WEBAPP_PREPARED_STATEMENTS": "on"}
    with (
        database() as address,
        PgBouncer(tmp_path / "pooler", address, default_pool_size="1") as pooler,
        Server(tmp_path / "server", pooler.address, workers=2, settings=forced) as server,
    ):
        with ThreadPoolExecutor(4) as pool:
            found = {status for result in pool.map(lambda _: visit(server, 25), range(4)) for status in result}
        assert 503 in found
        assert 500 not in found
        assert "a connection pooler is in between; set WEBAPP_PREPARED_STATEMENTS=off" in server.log.read_text()
