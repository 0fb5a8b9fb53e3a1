"""The few statements in the way of every request, on the driver itself.

SQLAlchemy's own execution costs several times what SQLite needs for such a statement, and a connection out of the pool
as much again. So each is written with SQLAlchemy, compiled once, and each thread keeps one connection for them, in
autocommit: one round trip, and no transaction is ever left open.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import Connection, Engine, Select, Update, event

from webapp.store.database import (
    ATTEMPTS,
    LOCK_TIMEOUT,
    PATIENCE,
    POOL,
    RETRY_STATES,
    UNAVAILABLE_ERRORS,
    db,
    unavailable,
    waiting,
)

T = TypeVar("T")


class Statement:
    """A statement with named parameters, text and whole numbers only: nothing is converted on the way."""

    def __init__(self, statement: Select[Any] | Update) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row of a SELECT, or None. Raises DatabaseUnavailable."""
        return _on_own_connection(self._first, values)

    def changed(self, tx: Connection | OwnConnection, **values: Any) -> int:
        """Run an UPDATE in `tx`; how many rows it changed."""
        text, parameters = self._prepare(tx.engine, values)
        if isinstance(tx, OwnConnection):
            return int(tx.cursor.execute(text, parameters).rowcount)
        return tx.exec_driver_sql(text, parameters).rowcount

    def _first(self, own: OwnConnection, values: dict[str, Any]) -> tuple[Any, ...] | None:
        text, parameters = self._prepare(own.engine, values)
        rows = own.cursor.execute(text, parameters).fetchall()  # all, so that SQLite ends its reading at once
        return rows[0] if rows else None

    def _prepare(self, engine: Engine, values: dict[str, Any]) -> tuple[str, Any]:
        text, order, constants = self._texts.get(engine.name) or self._compile(engine)
        named = {**constants, **values} if constants else values
        return text, tuple([named[name] for name in order]) if order is not None else named

    def _compile(self, engine: Engine) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        compiled = self._statement.compile(engine)
        order = getattr(compiled, "positiontup", None)
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._texts[engine.name] = prepared = (str(compiled), tuple(order) if order else None, constants)
        return prepared


class OwnConnection:
    """A connection that belongs to one thread and is closed with it: `flask run` has a thread for each request."""

    __slots__ = ("__weakref__", "_patience", "cursor", "driver", "engine", "errors", "process")

    def __init__(self, engine: Engine, driver: Any) -> None:
        self.engine = engine
        self.errors: type[Exception] = engine.dialect.loaded_dbapi.Error
        self.process = os.getpid()
        self.driver = driver
        self.cursor = driver.cursor()
        self._patience = 0

    def wait_at_most(self, seconds: float) -> None:
        """How long SQLite waits for other writers from here on; on PostgreSQL its lock_timeout stands."""
        milliseconds = int(seconds * 1000)
        if self._patience != milliseconds and isinstance(self.driver, sqlite3.Connection):
            self.cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
        self._patience = milliseconds

    def __del__(self) -> None:
        if self.process == os.getpid():
            with suppress(Exception):
                self.driver.close()


def transact_alone(work: Callable[[OwnConnection], T], *, patience: float = PATIENCE) -> T:
    """Run `work`, which makes exactly one statement: by itself it is a transaction, committed when this returns.

    No BEGIN and no COMMIT travel to the database. Waits and raises like `transact`; like there, the statement may be
    sent more than once and must be conditional on what it changes.
    """
    with waiting(patience) as allowed:
        done: T = _on_own_connection(_patiently, work, allowed)
    return done


def _patiently(own: OwnConnection, work: Callable[[OwnConnection], T], seconds: float) -> T:
    own.wait_at_most(seconds)
    return work(own)


def _on_own_connection(work: Callable[..., T], *arguments: Any) -> T:
    tried, started = 0, time.monotonic()
    while True:
        try:
            own = _own_connection()
        except UNAVAILABLE_ERRORS as error:
            raise unavailable(error) from error
        try:
            return work(own, *arguments)
        except own.errors as error:
            # A server that restarted took this connection and all the pool's with it. Asked before we close it
            # ourselves: a lock that was not to be had must not be waited for again.
            if getattr(own.driver, "closed", False):
                most = POOL["pool_size"] + 1
            else:
                most = ATTEMPTS if getattr(error, "sqlstate", None) in RETRY_STATES else 1
            _drop(own)
            tried += 1
            if tried >= most or time.monotonic() - started > LOCK_TIMEOUT:
                raise unavailable(error) from error


_of_thread = threading.local()
_all: WeakSet[OwnConnection] = WeakSet()


def _own_connection() -> OwnConnection:
    held: OwnConnection | None = getattr(_of_thread, "held", None)
    engine = db.engine
    # A child process must not talk on its parent's connection.
    if held is not None and held.engine is engine and held.process == os.getpid():
        return held
    if held is not None and held.process == os.getpid():
        _drop(held)
    errors: type[Exception] = engine.dialect.loaded_dbapi.Error
    try:
        pooled = engine.raw_connection()
    except errors as error:  # not translated: SQLite notices at the first PRAGMA that a file is no database
        raise unavailable(error) from error
    pooled.detach()  # it belongs to this thread from now on; the pool may open another
    driver: Any = pooled.dbapi_connection
    if engine.name == "postgresql":
        driver.autocommit = True
    _of_thread.held = own = OwnConnection(engine, driver)
    if not event.contains(engine, "engine_disposed", _drop_all_of):
        event.listen(engine, "engine_disposed", _drop_all_of)
    _all.add(own)
    return own


def close_own() -> None:
    """Close this thread's connection. For a thread that is about to end: nobody else would do it."""
    held: OwnConnection | None = getattr(_of_thread, "held", None)
    if held is not None:
        _drop(held)


def _drop(own: OwnConnection) -> None:
    _all.discard(own)
    if getattr(_of_thread, "held", None) is own:
        _of_thread.held = None
    with suppress(Exception):
        own.driver.close()


def _drop_all_of(engine: Engine) -> None:
    for own in [own for own in _all if own.engine is engine]:
        _drop(own)
