"""The database: one engine and explicit transactions.

Three ways in, each for one purpose:
* `transact`, `read`  a short transaction of its own, retried where the database asks for it
* `Statement`, `run_in_autocommit`  (store/driver.py) the few statements of every request, on the driver itself
* `db.session`  listings in pages; uncommitted changes of a view are rolled back there
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, ExceptionContext, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase

from webapp.store.failures import FAILURES, UNAVAILABLE_ERRORS, DatabaseUnavailable, check, unavailable
from webapp.store.reasons import AS_FOUND
from webapp.store.suspicion import is_suspect
from webapp.store.time_budget import PATIENCE, reset_budget, time_budget

__all__ = [
    "PATIENCE",
    "UNAVAILABLE_ERRORS",
    "Base",
    "DatabaseUnavailable",
    "abandon_uncommitted",
    "after_commit",
    "db",
    "engine_options",
    "prepare_engine",
    "read",
    "reset_budget",
    "transact",
]

T = TypeVar("T")

MAIL_ON = "mail_on"
"""Execution option: does this application send mail? A flow need not be told; where it does not, nothing is queued."""

_NEW = "new"
"""In `info` of the pool's record: the connection has not been handed out yet."""
POOL = {"pool_size": 5, "max_overflow": 5, "pool_timeout": 3, "pool_recycle": 1800}


class Base(DeclarativeBase):
    """Parent of every model."""


db = SQLAlchemy(model_class=Base)

_afterwards: ContextVar[list[Callable[[], None]] | None] = ContextVar("afterwards", default=None)


def abandon_uncommitted() -> None:
    """Give up what a view left uncommitted in `db.session`. On SQLite it would keep every other writer waiting."""
    if db.session.registry.has():
        db.session.rollback()


def engine_options(url: str, prepared_statements: str = "auto", *, mail: bool = False) -> dict[str, Any]:
    """Options for `create_engine`. `prepared_statements` (PostgreSQL): see store/postgres.py; `mail`: is it sent?"""
    # An error's text would otherwise repeat the values of its statement: hashes of passwords, ids of tokens.
    silent: dict[str, Any] = {"hide_parameters": True, "execution_options": {MAIL_ON: mail}}
    if url.startswith("sqlite"):
        return {**silent, **POOL, "connect_args": {"timeout": PATIENCE}}
    from webapp.store.postgres import Connector  # costs a worker that has no use for it 10 MB

    return {**silent, **POOL, "creator": Connector(url, prepared_statements)}


def prepare_engine(engine: Engine) -> None:
    """Teach an engine our transaction rules. Call once, before its first connection."""
    event.listen(engine, "handle_error", _as_found)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _note_new)
        event.listen(engine, "checkout", _refuse_suspects)


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    # SQLite itself would let every user of this machine read password hashes. The files beside it get the same mode.
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
    # IMMEDIATE, because a transaction that reads first and then writes would otherwise fail at once, without waiting,
    # when another one wrote in between.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _note_new(_connection: Any, record: Any) -> None:
    record.info[_NEW] = True


def _refuse_suspects(connection: Any, record: Any, _fairy: Any) -> None:
    # One that was opened just now is tried, whatever another thread has met meanwhile. Where connections die all the
    # time, the pool would give up after two new ones, and not with an error that says so.
    if not record.info.pop(_NEW, False) and is_suspect(connection):
        raise InvalidatePoolError


def _as_found(context: ExceptionContext) -> DatabaseUnavailable | None:
    if getattr(context.original_exception, "sqlstate", None) not in AS_FOUND:
        return None
    return unavailable(context.original_exception)


def transact(work: Callable[[Connection], T], *, patience: float = PATIENCE) -> T:
    """Run `work` in a transaction of its own and commit it.

    `work` may run more than once and must do nothing but talk to the connection it is given. It waits at most
    `patience` seconds (more than PATIENCE for a command only), and all transactions of one request together at most
    PATIENCE. Raises DatabaseUnavailable;
    any other error of `work` rolls back and passes through.
    """
    attempt = 0
    while True:
        attempt += 1
        committing = False
        afterwards: list[Callable[[], None]] = []
        with time_budget(patience) as allowed:
            _afterwards.set(afterwards)
            try:
                with db.engine.connect() as plain:
                    connection = plain.execution_options(writing=True)
                    if db.engine.dialect.name == "sqlite":
                        _wait_at_most(connection, allowed)
                    with connection.begin() as transaction:
                        if patience > PATIENCE and db.engine.dialect.name == "postgresql":
                            connection.execute(text(f"SET LOCAL statement_timeout = {int(allowed * 1000)}"))
                        result = work(connection)
                        committing = True
                        transaction.commit()
            except FAILURES as error:
                check(error, attempt, committing=committing)
                continue
            finally:
                _afterwards.set(None)
        for tell in afterwards:
            tell()
        return result


def read(work: Callable[[Connection], T], *, patience: float = PATIENCE) -> T:
    """Run `work`, which only reads, for at most `patience` seconds. Raises DatabaseUnavailable."""
    attempt = 0
    while True:
        attempt += 1
        with time_budget(patience):
            try:
                with db.engine.connect() as connection:
                    return work(connection)
            except FAILURES as error:
                check(error, attempt)


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
