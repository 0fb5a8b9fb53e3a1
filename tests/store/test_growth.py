"""What must not grow with the tables: a search, and the way from a short id to its session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select, text

from webapp.store import people_search, session_list
from webapp.store.models import AUTH_SESSIONS, USERS
from webapp.store.people_search import search, statement

PEOPLE = 6_000
STRETCH = 200
LITERAL = {"literal_binds": True}

SESSIONS = f"""
INSERT INTO auth_sessions (id, user_id, channel, created_at, auth_time, expires_at, last_seen_at, persistent,
                           user_agent, ip_address, credential_epoch, refresh_generation, refresh_jti,
                           refresh_issued_at, refresh_expires_at)
SELECT 's' || lpad(n::text, 5, '0'), 'crowd' || n, 'web', 0, 0, 9, 0, true, '', '', 0, 0, 'j' || n, 0, 9
FROM generate_series(1, {PEOPLE}) AS n
"""


@pytest.fixture(scope="module")
def crowded(migrated_postgres: str) -> Iterator[Connection]:
    """A PostgreSQL table of many people and sessions, which nobody else ever sees."""
    engine = create_engine(migrated_postgres.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        connection.execute(
            text(
                "INSERT INTO users (id, username, username_key, email, email_key, name, password_hash, role, theme, "
                "language, credential_epoch, created_at) "
                "SELECT 'crowd' || n, 'crowd' || n, 'crowd' || lpad(n::text, 6, '0'), n || '@crowd.example', "
                "n || '@crowd.example', 'Name ' || n, 'x', 'user', 'auto', 'en', 0, 0 "
                f"FROM generate_series(1, {PEOPLE}) AS n"
            )
        )
        connection.execute(text("ANALYZE users"))
        yield connection
        connection.rollback()
    engine.dispose()


def rows_read(tx: Connection, asked: Any) -> int:
    """The most rows that any step of PostgreSQL's plan brought up or threw away."""
    compiled = asked.compile(tx.engine, compile_kwargs=LITERAL)
    (plan,) = tx.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {str(compiled).replace('%', '%%')}").scalar_one()

    def most(node: dict[str, Any]) -> int:
        here = int(node["Actual Rows"]) + int(node.get("Rows Removed by Filter", 0))
        return max([here, *(most(inner) for inner in node.get("Plans", ()))])

    return most(plan["Plan"])


def test_a_search_reads_one_stretch_of_the_table(crowded: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is found, too, and wherever it begins."""
    monkeypatch.setattr(people_search, "SEARCHED", STRETCH)
    for words, after in (("nobody at all", ""), ("nobody at all", "crowd003"), ("99", ""), ("", "crowd005")):
        assert rows_read(crowded, statement(words, after=after, limit=25)) <= STRETCH


def test_a_search_goes_on_until_everybody_was_looked_at(crowded: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch by stretch, in order, nobody twice and nobody left out; then there is no further."""
    monkeypatch.setattr(people_search, "SEARCHED", STRETCH)
    found, after, steps = [], "crowd", 0
    while after is not None:
        people, after = search(crowded, "77@crowd", after=after, limit=25)
        found += [person.username for person in people]
        steps += 1
    assert found == [f"crowd{n}" for n in range(77, PEOPLE, 100)]
    assert PEOPLE // STRETCH <= steps <= PEOPLE // STRETCH + len(found)


def test_short_ids_are_looked_for_in_an_index(crowded: Connection) -> None:
    """Page by page of ids alone, by the primary key; and a user's own by theirs."""
    crowded.execute(text(SESSIONS))
    crowded.execute(text("ANALYZE auth_sessions"))
    key = AUTH_SESSIONS.c.id
    assert rows_read(crowded, select(key).where(key > "s002").order_by(key).limit(10)) <= 10
    assert session_list.ids(crowded, after="s0019", limit=2) == ["s00190", "s00191"]
    assert session_list.ids(crowded, after="z" * 40, limit=10) == []
    assert session_list.live_among(crowded, [], now=0) == []


def test_a_page_of_everybody_reads_itself_alone(crowded: Connection) -> None:
    """`users list` and the API's list, in the middle as at the beginning."""
    key = USERS.c.username_key
    for after in ("", "crowd003"):
        assert rows_read(crowded, select(USERS).where(key > after).order_by(key).limit(25)) <= 25
