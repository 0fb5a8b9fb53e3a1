"""The few statements of every request on PostgreSQL, prepared once for each connection.

Plain: a psycopg cursor executes them.
Cost:  50 µs a page, more than the server needs: it looks for the places of the values, for the statement among those
       it has prepared, and for a loader for each column of each answer.
Here:  libpq is told the prepared statement and its values; the loaders are kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import abc, adapt, errors, generators
from psycopg.pq import ExecStatus
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from webapp.store.postgres import BoundedConnection

_dialect: Callable[..., Dialect] = PGDialect_psycopg
DIALECT = _dialect(paramstyle="numeric_dollar")
"""Compiles statements with `$1` for a value, as PostgreSQL itself writes it."""

ANSWERED = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
Value = str | int | None


class Answer:
    """What a statement said, in the shape of a cursor that has executed it."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[tuple[Any, ...]], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows; empty for a statement that returns none."""
        return self._rows


class Asked:
    """What is known of one statement."""

    __slots__ = ("loaders", "name", "times")

    def __init__(self, connection: BoundedConnection) -> None:
        self.times = 0
        self.name = b""
        """What the server has prepared it as; empty: not at all."""
        self.loaders: abc.Transformer = adapt.Transformer(connection)


class Prepared:
    """The statements of one connection in autocommit, by their texts (few, and all of them ours).

    As psycopg does it, one is prepared after it was executed a few times (`prepare_threshold`), and never where a
    pooler is in between, because its next connection would not have the statement.
    """

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._encoding = connection.info.encoding
        self._asked: dict[str, Asked] = {}

    def execute(self, text: str, values: Sequence[Value]) -> Answer:
        """Execute `text`, which has a `$1` for each value. Raises psycopg.Error, Silence once the time is up."""
        sent = [None if value is None else _as_text(value) for value in values]
        asked = self._asked.get(text) or self._asked.setdefault(text, Asked(self._connection))
        if asked.name or self._prepare(text, asked):
            self._libpq.send_query_prepared(asked.name, sent)
        else:
            self._libpq.send_query_params(text.encode(), sent)
        result = self._result()
        if result.status == ExecStatus.COMMAND_OK:
            return Answer([], result.command_tuples or 0)
        asked.loaders.set_pgresult(result, set_loaders=asked.loaders.pgresult is None)
        return Answer(asked.loaders.load_rows(0, result.ntuples, tuple), result.ntuples)

    def _prepare(self, text: str, asked: Asked) -> bool:
        """Have a statement prepared once it has been asked often enough; whether it is."""
        threshold = self._connection.prepare_threshold
        asked.times += 1
        if threshold is None or asked.times <= threshold:
            return False
        # By its text, so that where connections are mixed up a name never means another statement.
        name = b"tokenroom_" + sha256(text.encode()).hexdigest()[:32].encode()
        self._libpq.send_prepare(name, text.encode())
        self._result()
        asked.name = name
        return True

    def _result(self) -> PGresult:
        results: list[PGresult] = self._connection.wait(generators.execute(self._libpq))
        for result in results:  # a pooler hands on what ended a server's connection, and adds an error of its own
            if result.status not in ANSWERED:
                raise errors.error_from_result(result, encoding=self._encoding)
        if len(results) != 1:
            raise psycopg.InternalError(f"{len(results)} answers to one statement")
        return results[0]


def _as_text(value: str | int) -> bytes:
    text = str(value).encode()
    if b"\0" in text:  # libpq would take what stands before it
        raise psycopg.DataError("a text that contains NUL")
    return text
