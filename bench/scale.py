"""`./dev bench --scale [SESSIONS]`: what a large table costs, statement by statement, on PostgreSQL.

Makes a database of its own, fills it with SESSIONS sessions (five for each person; a third ended long ago, a third
live), times everything that reads or changes sessions, and drops it. `--partitions N`: the same with `auth_sessions`
partitioned by hash of the id.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from bench.databases import postgres_database
from tests.support.databases import migrate
from webapp import create_app
from webapp.core.demands import NOTHING
from webapp.flows import purge
from webapp.flows.arrival import Arrival
from webapp.flows.client import Client
from webapp.flows.open_session import open_session
from webapp.services import services_of
from webapp.store import auth_sessions, session_list, users
from webapp.store.database import db, read, transact
from webapp.store.driver import run_in_autocommit
from webapp.store.people_search import search

CLIENT = Client("127.0.0.1", "bench")
DAY = 86_400
EACH = 200
"""How often a statement of a request is timed; its median counts."""

PEOPLE = """
INSERT INTO users (id, username, username_key, email, email_key, name, password_hash, role, theme, language,
                   credential_epoch, created_at)
SELECT md5('u' || i), 'grown' || i, 'grown' || i, 'grown' || i || '@example.com', 'grown' || i || '@example.com',
       'Ada ' || i, 'x', 'user', 'auto', 'en', 0, %(now)s
FROM generate_series(1, %(people)s) AS i
"""
SESSIONS = """
INSERT INTO auth_sessions (id, user_id, channel, created_at, auth_time, expires_at, last_seen_at, persistent,
                           user_agent, ip_address, credential_epoch, revoked_at, revoked_reason, refresh_generation,
                           refresh_jti, refresh_issued_at, refresh_expires_at)
SELECT md5('s' || i), md5('u' || (1 + i %% %(people)s)), 'web', %(now)s - 86400, %(now)s - 86400, %(now)s + 2592000,
       %(now)s - 600, true, 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0', '203.0.113.7', 0,
       CASE i %% 3 WHEN 0 THEN %(now)s - 3456000 WHEN 1 THEN %(now)s - 3600 END,
       CASE WHEN i %% 3 < 2 THEN 'logout' END, 0, left(md5('j' || i), 24), %(now)s - 600, %(now)s + 1209600
FROM generate_series(1, %(sessions)s) AS i
"""


def run(sessions: int, partitions: int = 0) -> Iterator[tuple[str, str]]:
    """Measure; (what, figure) as they come."""
    with postgres_database() as address, tempfile.TemporaryDirectory() as folder:
        settings = {"WEBAPP_INSTANCE_PATH": folder, "WEBAPP_DATABASE_URL": address, "WEBAPP_LOG_LEVEL": "error"}
        app = create_app(settings)
        migrate(app)
        with psycopg.connect(address, autocommit=True) as admin:
            if partitions:
                partition(admin, partitions)
            now = int(time.time())
            fill(admin, sessions, now)
            with app.app_context():
                yield from measure(app, admin, sessions, now)
                db.engine.dispose()
            yield from commands(settings, folder)


def partition(admin: psycopg.Connection[Any], parts: int) -> None:
    """Make the empty table anew, partitioned by hash of the id, with the same columns, indexes and references."""
    admin.execute("ALTER TABLE lab_requests DROP CONSTRAINT IF EXISTS lab_requests_sid_fkey")
    admin.execute("ALTER TABLE auth_sessions RENAME TO one_table")
    admin.execute("CREATE TABLE auth_sessions (LIKE one_table INCLUDING DEFAULTS) PARTITION BY HASH (id)")
    for part in range(parts):
        admin.execute(
            f"CREATE TABLE auth_sessions_{part} PARTITION OF auth_sessions "
            f"FOR VALUES WITH (MODULUS {parts}, REMAINDER {part}) WITH (fillfactor = 80)"
        )
    admin.execute("DROP TABLE one_table")
    admin.execute("ALTER TABLE auth_sessions ADD PRIMARY KEY (id)")
    admin.execute("ALTER TABLE auth_sessions ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE")
    admin.execute("CREATE INDEX ix_auth_sessions_user_id_created_at ON auth_sessions (user_id, created_at)")
    admin.execute("CREATE INDEX ix_auth_sessions_expires_at ON auth_sessions (expires_at)")
    admin.execute("CREATE INDEX ix_auth_sessions_revoked_at ON auth_sessions (revoked_at) WHERE revoked_at IS NOT NULL")


def fill(admin: psycopg.Connection[Any], sessions: int, now: int) -> None:
    values = {"people": max(sessions // 5, 1), "sessions": sessions, "now": now}
    for statement in (PEOPLE, SESSIONS):
        admin.execute(statement, values)
    admin.execute("VACUUM ANALYZE")


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def shown(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 1 else f"{seconds:.1f} s"


def measure(app: Flask, admin: psycopg.Connection[Any], sessions: int, now: int) -> Iterator[tuple[str, str]]:
    row = admin.execute(
        "SELECT sum(pg_table_size(oid)), sum(pg_indexes_size(oid)) FROM pg_class "
        "WHERE relname LIKE 'auth_sessions%' AND relkind = 'r'"
    ).fetchone()
    assert row
    yield "heap", f"{int(row[0]) / 1e6:.0f} MB"
    yield "indexes", f"{int(row[1]) / 1e6:.0f} MB"
    live = [
        sid for (sid,) in admin.execute("SELECT id FROM auth_sessions WHERE revoked_at IS NULL LIMIT %s", (EACH * 5,))
    ][::5]
    rows = [found for sid in live if (found := auth_sessions.load(sid))]
    yield "look-up", shown(statistics.median(timed(partial(auth_sessions.load, found.sid)) for found in rows))

    def rotate(found: Any) -> None:
        successor = found.successor(now=now, refresh_expires_at=now + DAY)
        assert run_in_autocommit(lambda tx: auth_sessions.rotate(tx, found, successor))
        assert run_in_autocommit(lambda tx: auth_sessions.confirm(tx, successor, now))

    before = updates(admin)
    yield "rotation and its confirmation", shown(statistics.median(timed(partial(rotate, found)) for found in rows))
    time.sleep(1.5)  # PostgreSQL reports its counters once a second
    after = updates(admin)
    yield "updates in place (HOT)", f"{100 * (after[1] - before[1]) / max(after[0] - before[0], 1):.0f} %"

    def log_in(found: Any) -> None:
        arrival = Arrival("web", CLIENT, now, services_of(app).tokens.lifetimes, NOTHING, persistent=True)
        transact(lambda tx: open_session(tx, arrival, user_id=found.user_id, credential_epoch=found.credential_epoch))

    yield "login, without its password", shown(statistics.median(timed(partial(log_in, found)) for found in rows[:50]))

    def sessions_page(found: Any) -> object:
        return read(lambda tx: session_list.of_user(tx, found.user_id, ended_since=0))

    yield "a user's sessions", shown(statistics.median(timed(partial(sessions_page, found)) for found in rows))
    yield "people, first page", shown(timed(lambda: read(lambda tx: users.page(tx, after="", limit=25))))
    yield (
        "people, a page in the middle",
        shown(timed(lambda: read(lambda tx: users.page(tx, after="grown5", limit=25)))),
    )
    yield (
        "people, found by text",
        shown(timed(lambda: read(lambda tx: search(tx, "n777", after="", limit=25)))),
    )
    yield "live sessions, for the metrics", shown(timed(lambda: session_list.estimate_live(now)))
    yield "their estimate", f"{session_list.estimate_live(now)} of {-(-sessions // 3)}"
    started = time.perf_counter()
    purged = purge.purge(now, kept=30 * DAY).sessions
    yield f"purge of {purged}", shown(time.perf_counter() - started)
    yield "purge with nothing to do", shown(timed(lambda: purge.purge(now, kept=30 * DAY)))


def updates(admin: psycopg.Connection[Any]) -> tuple[int, int]:
    """Updates of sessions so far, and those in place."""
    row = admin.execute(
        "SELECT sum(n_tup_upd), sum(n_tup_hot_upd) FROM pg_stat_user_tables WHERE relname LIKE 'auth_sessions%'"
    ).fetchone()
    assert row
    return int(row[0]), int(row[1])


def commands(settings: dict[str, str], folder: str) -> Iterator[tuple[str, str]]:
    """Commands as an operator runs them: seconds, and the most memory."""
    for words in (("users", "list"), ("sessions", "list"), ("sessions", "revoke-all", "--yes")):
        with (Path(folder) / "out").open("wb") as out:
            started = time.perf_counter()
            command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
            outside = {name: value for name, value in os.environ.items() if not name.startswith("WEBAPP_")}
            process = subprocess.Popen(command, env=outside | settings, stdout=out, stderr=subprocess.STDOUT)
            _pid, status, used = os.wait4(process.pid, 0)
            assert status == 0, (Path(folder) / "out").read_text()[-2000:]
            seconds = time.perf_counter() - started
        yield f"flask {' '.join(words)}", f"{seconds:.1f} s, {used.ru_maxrss / 1024:.0f} MB"


def main(sessions: int, partitions: int) -> None:
    """Print the figures as a table."""
    print(f"{sessions:,} sessions of {sessions // 5:,} people" + (f", {partitions} parts" if partitions else ""))
    for what, figure in run(sessions, partitions):
        print(f"| {what} | {figure} |", flush=True)
