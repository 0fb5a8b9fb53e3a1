"""The few statements in the way of every request, on the driver itself.

Plain: SQLAlchemy executes each statement.
Cost:  several times what SQLite needs for it.   (docs/performance.md)
Here:  each is written with SQLAlchemy, compiled once, and run on the thread's own connection: one round trip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update

from webapp.store import thread_connection
from webapp.store.failures import UNAVAILABLE_ERRORS, is_silent, should_retry, unavailable
from webapp.store.suspicion import suspect_older_connections
from webapp.store.thread_connection import ThreadConnection
from webapp.store.time_budget import PATIENCE, time_budget

T = TypeVar("T")


Transaction = Connection | ThreadConnection
"""Where a `Statement` may run."""


class Statement:
    """A statement with named parameters, text and whole numbers only, because nothing is converted on the way."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row of a SELECT, or None. Raises DatabaseUnavailable."""

        def work(own: ThreadConnection) -> tuple[Any, ...] | None:
            text, parameters = self._prepare(own.dialect, values)
            rows = own.exec_driver_sql(text, parameters).fetchall()  # all, so that SQLite ends its reading at once
            return rows[0] if rows else None

        return _on_thread_connection(work)

    def rows(self, tx: Transaction, **values: Any) -> list[tuple[Any, ...]]:
        """All rows of a SELECT in `tx`."""
        text, parameters = self._prepare(tx.dialect, values)
        return [tuple(row) for row in tx.exec_driver_sql(text, parameters).fetchall()]

    def changed(self, tx: Transaction, **values: Any) -> int:
        """Run an INSERT, UPDATE or DELETE in `tx`; how many rows it changed."""
        text, parameters = self._prepare(tx.dialect, values)
        return int(tx.exec_driver_sql(text, parameters).rowcount)

    def _prepare(self, dialect: Dialect, values: dict[str, Any]) -> tuple[str, Any]:
        text, order, constants = self._texts.get(dialect.paramstyle) or self._compile(dialect)
        named = {**constants, **values} if constants else values
        return text, tuple([named[name] for name in order]) if order is not None else named

    def _compile(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        compiled = self._statement.compile(dialect=dialect)
        order = getattr(compiled, "positiontup", None)
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        # The style tells them apart: SQLite writes `?`, psycopg `%(name)s`, PostgreSQL itself `$1`.
        self._texts[dialect.paramstyle] = prepared = (str(compiled), tuple(order) if order else None, constants)
        return prepared


def look(work: Callable[[ThreadConnection], T]) -> T:
    """Run `work`, which only reads, outside of any transaction. Raises DatabaseUnavailable."""
    return _on_thread_connection(work)


def run_in_autocommit(work: Callable[[ThreadConnection], T], *, patience: float = PATIENCE) -> T:
    """Run `work` in autocommit. It must execute exactly one statement, which is committed when this returns.

    No BEGIN and no COMMIT travel to the database. Waits and raises like `transact`; like there, the statement may be
    sent more than once and must be conditional on what it changes.
    """

    def patiently(own: ThreadConnection) -> T:
        own.wait_at_most(allowed)
        return work(own)

    with time_budget(patience) as allowed:
        done: T = _on_thread_connection(patiently)
    return done


def _on_thread_connection(work: Callable[[ThreadConnection], T]) -> T:
    attempt = 0
    while True:
        attempt += 1
        try:
            own = thread_connection.of_this_thread()
        except UNAVAILABLE_ERRORS as error:
            raise unavailable(error) from error
        try:
            return work(own)
        except own.errors as error:
            died = own.died
            thread_connection.drop(own)
            if died and not is_silent(error):
                suspect_older_connections()
            # A lost answer to an UPDATE in autocommit is no lost COMMIT: sent again, its condition tells what happened.
            if not should_retry(error, attempt, died=died):
                raise unavailable(error) from error
        except BaseException:
            # A signal, or memory that ran out. The statement may still be running, and nobody else may read its answer.
            thread_connection.drop(own)
            raise
