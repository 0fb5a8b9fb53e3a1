"""The database: one engine, explicit transactions, and errors that mean "try again later".

Three ways in, each for one purpose:
* `transact`, `read`  a short transaction of its own, retried where the database asks for it
* `Statement`, `transact_alone`  (store/driver.py) the few statements of every request, on the driver itself
* `db.session`  listings in pages; what a view leaves uncommitted there is rolled back
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase

from webapp.core.errors import TokenroomError

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds one request may wait for the database in all; after that it answers 503 and changes nothing."""
LOCK_TIMEOUT = 2.0
"""Seconds one PostgreSQL statement waits for a lock."""
ATTEMPTS = 3
"""Times a transaction is tried when PostgreSQL reports a deadlock or a serialization failure."""
RETRY_STATES = frozenset({"40001", "40P01"})
NOT_MIGRATED_STATES = frozenset({"42P01", "42703"})
"""PostgreSQL's words for a table or a column that is not there. SQLite's is an OperationalError, like "locked"."""

POOL = {"pool_size": 5, "max_overflow": 5, "pool_timeout": 3, "pool_recycle": 1800}
POSTGRES_ARGS = {
    "connect_timeout": 3,
    "application_name": "tokenroom",
    # A statement of ours takes milliseconds; one that does not is stuck, and a stuck one holds a worker. A worker that
    # is stopped in the middle of a transaction must not hold its rows for ever either.
    "options": f"-c lock_timeout={int(LOCK_TIMEOUT * 1000)} -c statement_timeout={int(PATIENCE * 1000)} "
    f"-c idle_in_transaction_session_timeout={int(6 * PATIENCE * 1000)}",
    # The primary only: a replica would answer with sessions as they were, and refuse what ends them.
    "target_session_attrs": "read-write",
    "keepalives_idle": 30,
    "tcp_user_timeout": int(PATIENCE * 1000),
}


class Base(DeclarativeBase):
    """Parent of every model."""


db = SQLAlchemy(model_class=Base)


class DatabaseUnavailable(TokenroomError):
    """The database is locked, full, unreachable or too slow. Nothing was changed; the request may be sent again."""


UNAVAILABLE_ERRORS: tuple[type[Exception], ...] = (
    DatabaseUnavailable,
    OperationalError,
    InterfaceError,
    InternalError,  # a server that has become a read-only standby
    PoolTimeoutError,
)
"""What the pages answer with 503."""
_FAILURES: tuple[type[Exception], ...] = (*UNAVAILABLE_ERRORS, DatabaseError)

_waited: ContextVar[float | None] = ContextVar("waited", default=None)
"""Seconds this request has spent in transactions; None outside requests: a command may take its time."""
_afterwards: ContextVar[list[Callable[[], None]] | None] = ContextVar("afterwards", default=None)


def begin_request() -> None:
    """Start a request's waiting account at zero."""
    _waited.set(0.0)


def abandon_uncommitted() -> None:
    """Give up what a view left uncommitted in `db.session`. On SQLite it would keep every other writer waiting."""
    if db.session.registry.has():
        db.session.rollback()


def engine_options(url: str) -> dict[str, Any]:
    """Options for `create_engine`."""
    # An error's text would otherwise repeat the values of its statement: hashes of passwords, ids of tokens.
    silent = {"hide_parameters": True}
    if url.startswith("sqlite"):
        return {**silent, **POOL, "connect_args": {"timeout": PATIENCE}}
    return {**silent, **POOL, "connect_args": POSTGRES_ARGS}


def prepare_engine(engine: Engine) -> None:
    """Teach an engine our transaction rules. Call once, before its first connection."""
    event.listen(engine, "handle_error", _not_migrated)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    # SQLite itself would let everybody on this machine read hashes of passwords. What it makes beside the file follows.
    if not options.get("uri"):
        with suppress(OSError):
            os.close(os.open(os.path.realpath(arguments[0]), os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins late and never IMMEDIATE, so it is switched off.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a revocation must survive a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and then writes would otherwise fail at once, without waiting,
    # when another one wrote in between.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _not_migrated(context: ExceptionContext) -> DatabaseUnavailable | None:
    # What a forgotten migration causes is no mistake in a statement: the same request is fine once it has run.
    if getattr(context.original_exception, "sqlstate", None) not in NOT_MIGRATED_STATES:
        return None
    return DatabaseUnavailable("a table or column is missing; run: flask --app wsgi db upgrade")


def transact(work: Callable[[Connection], T], *, patience: float = PATIENCE) -> T:
    """Run `work` in a transaction of its own and commit it.

    `work` may run more than once and must do nothing but talk to the connection it is given. It waits at most
    `patience` seconds, and all transactions of one request together at most PATIENCE. Raises DatabaseUnavailable;
    whatever else `work` raises rolls back and passes through.
    """
    engine = db.engine
    for attempt in range(1, ATTEMPTS + 1):
        with waiting(patience) as allowed:
            afterwards: list[Callable[[], None]] = []
            _afterwards.set(afterwards)
            try:
                with engine.connect() as plain:
                    connection = plain.execution_options(writing=True)
                    if engine.dialect.name == "sqlite":
                        _wait_at_most(connection, allowed)
                    with connection.begin():
                        result = work(connection)
                for tell in afterwards:
                    tell()
                return result
            except _FAILURES as error:
                _try_again(error, attempt)
            finally:
                _afterwards.set(None)
    raise AssertionError("unreachable")


def read(work: Callable[[Connection], T]) -> T:
    """Run `work`, which only reads. Raises DatabaseUnavailable."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with db.engine.connect() as connection:
                return work(connection)
        except _FAILURES as error:
            _try_again(error, attempt)
    raise AssertionError("unreachable")


@contextmanager
def waiting(patience: float) -> Iterator[float]:
    """Charge what happens inside to the request's account; how many seconds it may take, at most `patience`.

    Raises DatabaseUnavailable if the request has waited for too long already.
    """
    waited = _waited.get()
    allowed = patience if waited is None else min(patience, PATIENCE - waited)
    if allowed <= 0:
        raise DatabaseUnavailable("the database kept this request waiting for too long")
    started = time.monotonic()
    try:
        yield allowed
    finally:
        if waited is not None:
            _waited.set(waited + time.monotonic() - started)


def after_commit(tell: Callable[[], None]) -> None:
    """Call `tell` once the running `transact` has committed; never if it fails. Outside of one, at once."""
    afterwards = _afterwards.get()
    if afterwards is None:
        tell()
    else:
        afterwards.append(tell)


def _wait_at_most(connection: Connection, seconds: float) -> None:
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


def unavailable(error: Exception) -> DatabaseUnavailable:
    """The error that says so; its words hold nothing of the statement."""
    return DatabaseUnavailable(f"the database is unavailable ({type(error).__name__})")


def _try_again(error: Exception, attempt: int) -> None:
    """Return where a new attempt may help; else raise DatabaseUnavailable, or a mistake of ours as it is."""
    if isinstance(error, DatabaseUnavailable):
        raise error
    if type(error) is DatabaseError:
        raise DatabaseUnavailable("the database is damaged") from error
    if not isinstance(error, UNAVAILABLE_ERRORS):
        raise error
    # A connection that died (server restarted) took its transaction with it, so trying on a new one is safe; but a
    # COMMIT whose answer was lost may have happened: every statement of ours is conditional and finds 0 rows then.
    lost = isinstance(error, DBAPIError) and (
        error.connection_invalidated or getattr(error.orig, "sqlstate", None) in RETRY_STATES
    )
    if attempt == ATTEMPTS or not lost:
        raise unavailable(error) from error
