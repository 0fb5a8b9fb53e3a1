"""Below HTTP: rotations against the database's own commits, and what a million sessions change."""

from __future__ import annotations

import secrets
import sqlite3
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import psycopg
from flask import Flask

from bench.people import Signed
from webapp import create_app
from webapp.core.session import SessionRow
from webapp.flows.client import Client
from webapp.flows.judge import judge
from webapp.flows.refresh import refresh
from webapp.services import services_of
from webapp.store import auth_sessions
from webapp.store.database import db
from webapp.store.driver import Transaction, run_in_autocommit

CLIENT = Client("127.0.0.1", "bench")


def seconds_each(work: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def rotation_against_commit(settings: Mapping[str, str], one: Signed, rounds: int, times: int) -> dict[str, float]:
    """Commits of one UPDATE on the bare driver, and whole refreshes without HTTP, in turns; medians, each a second."""
    app = create_app(settings)
    tokens = services_of(app).tokens
    now = int(time.time())
    held = {"refresh": one.refresh}

    def rotate() -> None:
        judgement = judge(tokens, one.expired, held["refresh"], "web", now)
        issued = refresh(tokens, judgement, judged_at=now, now=now, client=CLIENT)
        assert issued.refresh
        held["refresh"] = issued.refresh

    with app.app_context():
        commit, close = _bare_commit(app, one.row.sid)
        row = auth_sessions.load(one.row.sid)
        assert row is not None
        held["refresh"] = tokens.mint_refresh(row)
        commits, rotations = [], []
        for _ in range(rounds):
            commits.append(seconds_each(commit, times))
            rotations.append(seconds_each(rotate, times))
        close()
        db.engine.dispose()
    return {"commits": 1 / statistics.median(commits), "rotations": 1 / statistics.median(rotations)}


def _bare_commit(app: Flask, sid: str) -> tuple[Callable[[], object], Callable[[], None]]:
    url = services_of(app).settings.database_url
    if url.startswith("sqlite"):
        lite = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        lite.execute("PRAGMA synchronous=FULL")
        return lambda: lite.execute(
            "UPDATE auth_sessions SET last_seen_at = last_seen_at + 1 WHERE id = ?", (sid,)
        ), lite.close
    server = psycopg.connect(url, autocommit=True)
    text = "UPDATE auth_sessions SET last_seen_at = last_seen_at + 1 WHERE id = %s"
    return lambda: server.execute(text, (sid,)), server.close


def growth(settings: Mapping[str, str], sizes: list[int], times: int) -> list[tuple[int, float, float]]:
    """(sessions, seconds a look-up, seconds a rotation) as the table grows; medians over `times` random sessions."""
    app = create_app(settings)
    found = []
    with app.app_context():
        sids: list[str] = []
        for size in sizes:
            sids += _fill(app, len(sids), size)
            chosen = [secrets.choice(sids) for _ in range(times)]
            now = int(time.time())
            lookups, rotations = [], []
            for sid in chosen:
                started = time.perf_counter()
                row = auth_sessions.load(sid)
                lookups.append(time.perf_counter() - started)
                assert row is not None
                started = time.perf_counter()
                run_in_autocommit(partial(_rotate, row=row, now=now))
                rotations.append(time.perf_counter() - started)
            found.append((size, statistics.median(lookups), statistics.median(rotations)))
        db.engine.dispose()
    return found


def _rotate(tx: Transaction, *, row: SessionRow, now: int) -> None:
    assert auth_sessions.rotate(tx, row, row.successor(now=now, refresh_expires_at=now + 99999))


def _fill(app: Flask, have: int, want: int) -> list[str]:
    """Sessions in bulk, ten to a person, in a table that then has `want`."""
    now = int(time.time())
    people, sessions = [], []
    for number in range(have // 10, want // 10):
        person = {
            "id": secrets.token_hex(16), "username": f"grown{number}", "username_key": f"grown{number}",
            "email": f"grown{number}@example.com", "email_key": f"grown{number}@example.com", "name": "Ada",
            "password_hash": "x", "role": "user", "theme": "auto", "language": "en", "credential_epoch": 0,
            "created_at": now,
        }  # fmt: skip
        people.append(person)
        sessions += [
            {
                "id": secrets.token_hex(16), "user_id": person["id"], "channel": "web", "created_at": now,
                "auth_time": now, "expires_at": now + 2592000, "last_seen_at": now, "persistent": True,
                "user_agent": "bench", "ip_address": "127.0.0.1", "credential_epoch": 0, "refresh_generation": 0,
                "refresh_jti": secrets.token_hex(12), "refresh_issued_at": now, "refresh_expires_at": now + 1209600,
            }
            for _ in range(10)
        ]  # fmt: skip
    _insert(app, "users", people)
    _insert(app, "auth_sessions", sessions)
    return [str(session["id"]) for session in sessions]


def _insert(app: Flask, table: str, rows: list[dict[str, Any]]) -> None:
    url = services_of(app).settings.database_url
    columns = list(rows[0])
    names = ", ".join(columns)
    if url.startswith("sqlite"):
        lite = sqlite3.connect(url.removeprefix("sqlite:///"))
        with lite:
            lite.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + column for column in columns)})", rows
            )
        lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        lite.close()
        return
    with psycopg.connect(url, autocommit=True) as server:
        with server.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(list(row.values()))
        server.execute(f"VACUUM ANALYZE {table}")
