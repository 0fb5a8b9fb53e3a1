"""The one SELECT of an authenticated request, on the driver itself.

SQLAlchemy's own execution costs more than SQLite needs for the whole query, and a connection out of the pool costs as
much again. So the statement is compiled once, and each thread keeps one connection for it, in autocommit: one round
trip, and no transaction is ever left open.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import psycopg
from sqlalchemy import Engine, Select, event

from webapp.store.database import POOL, UNAVAILABLE_ERRORS, DatabaseUnavailable, db

_DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)
_ERRORS: tuple[type[Exception], ...] = (*_DRIVER_ERRORS, *UNAVAILABLE_ERRORS)


class Lookup:
    """A SELECT by one key."""

    def __init__(self, statement: Select[Any], key: str) -> None:
        self._statement = statement
        self._key = key
        self._texts: dict[str, tuple[str, bool]] = {}

    def first(self, value: str) -> tuple[Any, ...] | None:
        """The row whose key is `value`, or None. Dead connections are replaced. Raises DatabaseUnavailable."""
        engine = db.engine
        text, positional = self._texts.get(engine.name) or self._compile(engine)
        parameters = (value,) if positional else {self._key: value}
        try:
            rows = self._execute(engine, text, parameters)
        except _ERRORS as error:
            raise DatabaseUnavailable(f"the database is unavailable ({type(error).__name__})") from error
        return rows[0] if rows else None

    def _execute(self, engine: Engine, text: str, parameters: Any) -> list[tuple[Any, ...]]:
        dead = 0
        while True:
            reader = _reader_of(engine)
            try:
                rows: list[tuple[Any, ...]] = reader.cursor.execute(text, parameters).fetchall()
            except _DRIVER_ERRORS:
                _drop(reader)
                dead += 1
                # A server that restarted took this connection and all the pool's with it; a SELECT may be sent again.
                if not getattr(reader.driver, "closed", False) or dead > POOL["pool_size"]:
                    raise
            else:
                return rows

    def _compile(self, engine: Engine) -> tuple[str, bool]:
        compiled = self._statement.compile(engine)
        self._texts[engine.name] = prepared = (str(compiled), bool(getattr(compiled, "positiontup", None)))
        return prepared


class _Reader:
    """A connection that belongs to one thread and is closed with it: `flask run` has a thread for each request."""

    __slots__ = ("__weakref__", "cursor", "driver", "engine", "process")

    def __init__(self, engine: Engine, driver: Any) -> None:
        self.engine = engine
        self.process = os.getpid()
        self.driver = driver
        self.cursor = driver.cursor()

    def __del__(self) -> None:
        if self.process == os.getpid():
            with suppress(Exception):
                self.driver.close()


_own = threading.local()
_all: WeakSet[_Reader] = WeakSet()


def _reader_of(engine: Engine) -> _Reader:
    held: _Reader | None = getattr(_own, "reader", None)
    # A child process must not talk on its parent's connection.
    if held is not None and held.engine is engine and held.process == os.getpid():
        return held
    if held is not None and held.process == os.getpid():
        _drop(held)
    pooled = engine.raw_connection()
    pooled.detach()  # it belongs to this thread from now on; the pool may open another
    driver: Any = pooled.dbapi_connection
    if engine.name == "postgresql":
        driver.autocommit = True
    _own.reader = reader = _Reader(engine, driver)
    if not event.contains(engine, "engine_disposed", _drop_all_of):
        event.listen(engine, "engine_disposed", _drop_all_of)
    _all.add(reader)
    return reader


def close_own() -> None:
    """Close this thread's connection. For a thread that is about to end: nobody else would do it."""
    held: _Reader | None = getattr(_own, "reader", None)
    if held is not None:
        _drop(held)


def _drop(reader: _Reader) -> None:
    _all.discard(reader)
    if getattr(_own, "reader", None) is reader:
        _own.reader = None
    with suppress(Exception):
        reader.driver.close()


def _drop_all_of(engine: Engine) -> None:
    for reader in [reader for reader in _all if reader.engine is engine]:
        _drop(reader)
