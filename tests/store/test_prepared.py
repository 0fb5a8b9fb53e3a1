"""The statements of every request on PostgreSQL: what libpq is told, and that it says what a cursor says."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import bindparam, column, literal_column, select, table

from tests.support.databases import drop_postgres_database, make_postgres_database, need, postgres_is_there
from webapp.store.driver import Statement
from webapp.store.postgres import BoundedConnection, Connector, Silence
from webapp.store.prepared import DIALECT, Prepared
from webapp.store.time_budget import time_budget


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An empty database."""
    need("PostgreSQL", there=postgres_is_there())
    made = make_postgres_database()
    yield made
    drop_postgres_database(made)


def connect(address: str, prepared_statements: str = "on") -> BoundedConnection:
    connection = Connector(address, prepared_statements)()
    connection.autocommit = True
    return connection


@pytest.fixture
def connection(address: str) -> Iterator[BoundedConnection]:
    """A connection as a thread holds it."""
    with connect(address) as made:
        yield made


SPOKEN = [
    ("SELECT 1, 'a', NULL, true, false, 2::bigint, 1.5::float8, 2.5::numeric", []),
    ("SELECT $1::text, $2::bigint, $3::int, $4::text", ["한글 ' \\ \"", 2**40, -1, None]),
    ("SELECT $1::timestamptz, '{1,2}'::int[], '{\"a\": 1}'::jsonb", ["2026-01-01 00:00:00+00"]),
    ("SELECT n FROM generate_series(1, $1::int) n", [5]),
    ("SELECT 1 WHERE false", []),
    ("SELECT ''", []),
]


@pytest.mark.parametrize(("text", "values"), SPOKEN)
@pytest.mark.parametrize("prepared_statements", ["on", "off"])
def test_it_answers_what_a_cursor_answers(
    address: str, prepared_statements: str, text: str, values: list[object]
) -> None:
    """Each type of column, no value, several rows and none; the second time as the first."""
    with connect(address, prepared_statements) as connection:
        own = Prepared(connection)
        expected = psycopg.RawCursor(connection).execute(text.encode(), values).fetchall()
        for _ in range(8):
            answer = own.execute(text, values)  # type: ignore[arg-type]
            assert answer.fetchall() == expected
            assert answer.rowcount == len(expected)


def test_an_answer_follows_another_of_its_statement(connection: BoundedConnection) -> None:
    """Columns that were empty the first time are read like any other the second time."""
    own = Prepared(connection)
    text = "SELECT $1::bigint, $2::text"
    assert own.execute(text, [None, None]).fetchall() == [(None, None)]
    assert own.execute(text, [7, "x"]).fetchall() == [(7, "x")]


def test_it_is_prepared_once_it_is_asked_often(connection: BoundedConnection, address: str) -> None:
    """The server knows each statement by one name, and a pooler's next connection is told none."""

    def prepared(own: Prepared) -> list[int]:
        counted = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT n%'"
        found = []
        for _ in range(8):
            own.execute("SELECT n FROM generate_series(1, $1::int) n", [2])
            own.execute("SELECT n + 1 FROM generate_series(1, $1::int) n", [2])
            found.append(own.execute(counted, []).fetchall()[0][0])
        return found

    assert prepared(Prepared(connection)) == [0, 0, 0, 0, 0, 2, 2, 2]
    with connect(address, "off") as behind_pooler:
        assert prepared(Prepared(behind_pooler)) == [0] * 8


def test_a_name_means_one_statement_on_every_connection(address: str) -> None:
    """A pooler that mixes connections up, unnoticed, gives an error and never the answer of another statement."""
    with connect(address) as one, connect(address) as two:
        sessions, people = Prepared(one), Prepared(two)
        for _ in range(10):
            sessions.execute("SELECT 'session', $1::text", ["id"])
            people.execute("SELECT 'person', $1::text", ["id"])
        sessions._libpq, sessions._connection = two.pgconn, two
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            sessions.execute("SELECT 'session', $1::text", ["id"])


def test_what_changed_is_counted(connection: BoundedConnection) -> None:
    """The number of rows decides who won."""
    own = Prepared(connection)
    own.execute("CREATE TEMPORARY TABLE counted (n int)", [])
    assert own.execute("INSERT INTO counted VALUES (1), (2), (3)", []).rowcount == 3
    assert own.execute("UPDATE counted SET n = 0 WHERE n > $1", [1]).rowcount == 2
    assert own.execute("UPDATE counted SET n = 0 WHERE n > $1", [1]).rowcount == 0
    assert own.execute("DELETE FROM counted", []).fetchall() == []


@pytest.mark.parametrize(
    ("text", "values", "state"),
    [
        ("SELECT nonsense FROM nowhere", [], "42P01"),
        ("SELECT $1::int", ["no number"], "22P02"),
        ("SELECT 1 / $1::int", [0], "22012"),
    ],
)
def test_an_error_is_psycopgs(connection: BoundedConnection, text: str, values: list[object], state: str) -> None:
    """With the server's code where the server refused; the connection can be used afterwards."""
    own = Prepared(connection)
    with pytest.raises(psycopg.Error) as refused:
        own.execute(text, values)  # type: ignore[arg-type]
    assert refused.value.sqlstate == state
    assert own.execute("SELECT 1", []).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ("failed failed", psycopg.errors.UndefinedColumn),
        ("good failed", psycopg.errors.UndefinedColumn),
        ("good good", psycopg.InternalError),
        ("", psycopg.InternalError),
    ],
)
def test_anything_but_one_answer_is_an_error(
    connection: BoundedConnection, monkeypatch: pytest.MonkeyPatch, answers: str, error: type[psycopg.Error]
) -> None:
    """A pooler whose server died says two things, and neither is a row."""
    said = {"good": connection.pgconn.exec_(b"SELECT 1"), "failed": connection.pgconn.exec_(b"SELECT nonsense")}
    monkeypatch.setattr(connection, "wait", lambda _statement: [said[answer] for answer in answers.split()])
    with pytest.raises(error):
        Prepared(connection).execute("SELECT 1", [])


def test_a_text_is_never_cut_at_a_nul(connection: BoundedConnection) -> None:
    """As psycopg refuses it. What stands before the NUL is another text, perhaps another person's id."""
    with pytest.raises(psycopg.DataError):
        Prepared(connection).execute("SELECT $1::text", ["id\0rest"])


def test_a_silent_server_is_left_in_time(connection: BoundedConnection) -> None:
    """No statement waits longer than its request may; the connection is closed, because its state is unknown."""
    own = Prepared(connection)
    with pytest.raises(Silence), time_budget(0.3):
        own.execute("SELECT pg_sleep(2)", [])
    assert connection.closed


def test_a_connection_that_died_is_known_as_dead(connection: BoundedConnection, address: str) -> None:
    """Its thread opens another one."""
    own = Prepared(connection)
    own.execute("SELECT 1", [])
    with connect(address) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        own.execute("SELECT 1", [])
    assert connection.closed


def test_a_statement_is_written_for_libpq() -> None:
    """A name is one place, however often it is said, and constants travel as values."""
    asked = select(literal_column("1")).select_from(table("t", column("a"), column("b")))
    statement = Statement(asked.where(column("a") == bindparam("x"), column("b") == bindparam("x"), column("a") > 7))
    text, values = statement._prepare(DIALECT, {"x": "v"})
    assert [text.count(place) for place in ("$1", "$2", "$3")] == [2, 1, 0]
    assert values == ("v", 7)
