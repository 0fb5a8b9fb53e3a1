"""One connection a thread, in autocommit, for the few statements of every request.

Plain: each statement takes a connection out of SQLAlchemy's pool and gives it back.
Cost:  20 µs a page.                             (docs/performance.md)
Here:  the thread keeps its connection; it is closed with the thread, and no transaction is ever left open on it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from sqlalchemy import Dialect, Engine, event

from webapp.store.database import db
from webapp.store.failures import unavailable
from webapp.store.suspicion import is_suspect


class ThreadConnection:
    """A connection that belongs to one thread and is closed with it, because `flask run` has a thread for each
    request."""

    __slots__ = ("__weakref__", "_patience", "dialect", "driver", "engine", "errors", "exec_driver_sql", "process")

    def __init__(self, engine: Engine, driver: Any) -> None:
        self.engine = engine
        self.errors: type[Exception] = engine.dialect.loaded_dbapi.Error
        self.process = os.getpid()
        self.driver = driver
        self._patience = 0
        self.exec_driver_sql: Callable[[str, Any], Any]
        """Executes a statement and returns a cursor, as SQLAlchemy's `Connection` does."""
        self.dialect: Dialect
        """What compiles statements for it."""
        if isinstance(driver, sqlite3.Connection):
            self.exec_driver_sql, self.dialect = driver.cursor().execute, engine.dialect
        else:
            from webapp.store.prepared import DIALECT, Prepared  # psycopg costs a worker on SQLite 10 MB

            self.exec_driver_sql, self.dialect = Prepared(driver).execute, DIALECT

    def wait_at_most(self, seconds: float) -> None:
        """Set how long SQLite waits for other writers from here on. On PostgreSQL its lock_timeout stands."""
        milliseconds = int(seconds * 1000)
        if self._patience != milliseconds and isinstance(self.driver, sqlite3.Connection):
            self.driver.execute(f"PRAGMA busy_timeout={milliseconds}")
        self._patience = milliseconds

    @property
    def died(self) -> bool:
        """Did the server close it? Ask before closing it ourselves, because a lock timeout must not be retried."""
        return bool(getattr(self.driver, "closed", False))

    def close(self) -> None:
        """Close it, unless it is the parent process's, with which the server would end it."""
        if self.process == os.getpid():
            with suppress(Exception):
                self.driver.close()

    def __del__(self) -> None:
        self.close()


_of_thread = threading.local()
_all: WeakSet[ThreadConnection] = WeakSet()


def of_this_thread() -> ThreadConnection:
    """This thread's connection, opened if need be. Raises DatabaseUnavailable or an error of SQLAlchemy's."""
    held: ThreadConnection | None = getattr(_of_thread, "held", None)
    engine = db.engine
    # A child process must not talk on its parent's connection.
    if held is not None and held.process == os.getpid():
        if held.engine is engine and not is_suspect(held.driver):
            return held
        drop(held)
    return _open(engine)


def _open(engine: Engine) -> ThreadConnection:
    errors: type[Exception] = engine.dialect.loaded_dbapi.Error
    try:
        pooled = engine.raw_connection()
    except errors as error:  # not translated: SQLite notices at the first PRAGMA that a file is no database
        raise unavailable(error) from error
    pooled.detach()  # it belongs to this thread from now on; the pool may open another
    driver: Any = pooled.dbapi_connection
    if engine.name == "postgresql":
        driver.autocommit = True
    _of_thread.held = own = ThreadConnection(engine, driver)
    if not event.contains(engine, "engine_disposed", _drop_all_of):
        event.listen(engine, "engine_disposed", _drop_all_of)
    _all.add(own)
    return own


def close() -> None:
    """Close this thread's connection. For a thread that is about to end, because nobody else would do it."""
    held: ThreadConnection | None = getattr(_of_thread, "held", None)
    if held is not None:
        drop(held)


def open_connections() -> int:
    """How many threads of this process hold a connection."""
    return len(_all)


def drop(own: ThreadConnection) -> None:
    """Close a connection; its thread opens a new one when it needs it."""
    _all.discard(own)
    if getattr(_of_thread, "held", None) is own:
        _of_thread.held = None
    own.close()


def _drop_all_of(engine: Engine) -> None:
    for own in [own for own in _all if own.engine is engine]:
        drop(own)
