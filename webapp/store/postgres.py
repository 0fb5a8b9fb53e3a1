"""Connections to PostgreSQL that never wait without an end.

PostgreSQL's own time-outs run on the server. They do not run while a COMMIT waits for its standby, nor while the server
is frozen or its network is gone. So each wait has a deadline here as well. A wait past its deadline leaves the
connection in an unknown state, so it is closed and nobody asks on it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo, timeout_from_conninfo

from webapp.store import time_budget
from webapp.store.host_names import Attempt, HostNames, hosts_of
from webapp.store.suspicion import suspect_older_connections

LOCK_TIMEOUT = 2.0
"""Seconds a statement waits for a lock."""
STATEMENT_TIMEOUT = 4.0
"""Seconds a statement may take. Less than a request's patience, so that a slow server still answers by itself."""
IDLE_TIMEOUT = 30.0
"""Seconds a transaction may stay open without a statement, because a worker that is stopped must not hold its rows for
ever."""
NO_LOCK = LOCK_TIMEOUT + 0.5
"""Seconds. Silence that lasts longer is no wait for a lock. Something is wrong between us and the server."""

DEFAULTS: dict[str, str] = {
    "connect_timeout": "3",
    "application_name": "tokenroom",
    # A host that dies says nothing. An idle connection notices after 8 s, one that is sending after 5 s.
    "keepalives_idle": "5",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
"""What we tell libpq where the address says nothing."""
SERVER_TIMEOUTS = {
    "lock_timeout": LOCK_TIMEOUT,
    "statement_timeout": STATEMENT_TIMEOUT,
    "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
}
"""Seconds; set on each new connection, but for those that the address names in `options` of its own.

Not behind a connection pooler, because its connections serve others too; there the user has them (docs/deployment.md).
"""

NO_COMPILING = {"jit": "off"}
"""With many sessions PostgreSQL would compile a listing's statement for a second, which then takes a tenth of that."""

Place = tuple[Any, ...]
"""A host, or one of its addresses: what is remembered of it."""


class Silence(psycopg.OperationalError):
    """The server did not answer in time. It may have done all the same what it was asked."""

    silent = True


def connection_parameters(address: str) -> dict[str, Any]:
    """libpq's parameters for `address` (a `postgresql://` URL, of one host or several).

    The address wins, but for two parameters. `target_session_attrs`: session state is read from the primary only; a
    standby would answer with sessions as they were, and refuse what ends them. `client_encoding`: without it a server
    made under LANG=C lets the driver answer with bytes.
    """
    given = conninfo_to_dict(address)
    return {**DEFAULTS, **given, "target_session_attrs": "read-write", "client_encoding": "utf8"}


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose waits end with the request's time (see time_budget)."""

    opened_at: float = 0.0
    """By the monotonic clock."""
    on_silence: Callable[[], None] = staticmethod(lambda: None)
    """Called when the server has been silent for longer than a lock would explain."""

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's. Raises Silence."""
        started, left = time.monotonic(), time_budget.seconds_left()
        if left is None:
            left = timeout
        try:
            return super().wait(gen, interval, None if left is None else max(left, 0.0))
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            if time.monotonic() - started > NO_LOCK:
                suspect_older_connections()
                self.on_silence()
            raise Silence("the database did not answer in time") from None
        finally:
            time_budget.charge(time.monotonic() - started)


class Connector:
    """Opens connections to the hosts of one address. The host that failed last is tried last, because a dead one costs
    seconds.

    `prepared_statements`: `on`, `off`, or `auto`, which is off behind a connection pooler.
    """

    def __init__(self, address: str, prepared_statements: str = "auto") -> None:
        self._address = address
        self._prepared_statements = prepared_statements
        self._names = HostNames()
        self._failed_at: dict[Place, float] = {}

    def __call__(self) -> BoundedConnection:
        """A new connection. Raises psycopg.OperationalError; Silence if there is no time left to try."""
        parameters = connection_parameters(self._address)
        failure: psycopg.Error = Silence("no time left to open a connection")
        for host in self._best_first(hosts_of(parameters)):
            patience = _patience(parameters)
            if patience <= 0:
                break
            try:
                attempts = self._look_up(host, patience)
            except psycopg.Error as error:
                failure = error
                continue
            for attempt in self._best_first(attempts):
                patience = _patience(parameters)
                if patience <= 0:
                    break
                try:
                    return self._connect(attempt, patience)
                except psycopg.Error as error:
                    failure = error
                    self._note_failure(_place(host), _place(attempt))
        raise failure

    def _best_first(self, attempts: list[Attempt]) -> list[Attempt]:
        return sorted(attempts, key=lambda attempt: self._failed_at.get(_place(attempt), 0.0))

    def _look_up(self, host: Attempt, patience: float) -> list[Attempt]:
        started = time.monotonic()
        try:
            return self._names.addressed(host, patience)
        except psycopg.Error:
            self._note_failure(_place(host))
            raise
        finally:
            time_budget.charge(time.monotonic() - started)

    def _connect(self, attempt: Attempt, patience: float) -> BoundedConnection:
        connection = self._prepare(_open(make_conninfo("", **attempt), patience))
        host, address = _place({**attempt, "hostaddr": None}), _place(attempt)
        for place in (host, address):
            self._failed_at.pop(place, None)
        connection.on_silence = partial(self._note_failure, host, address)
        return connection

    def _note_failure(self, *places: Place) -> None:
        for place in places:
            self._failed_at[place] = time.monotonic()

    def _prepare(self, connection: BoundedConnection) -> BoundedConnection:
        connection.autocommit = True
        try:
            behind_pooler = is_pooled(connection)
            if not behind_pooler:
                named = connection.info.options
                values = {name: str(int(seconds * 1000)) for name, seconds in SERVER_TIMEOUTS.items()} | NO_COMPILING
                wanted = {name: value for name, value in values.items() if name not in named}
                if wanted:
                    calls = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in wanted.items())
                    connection.execute(f"SELECT {calls}".encode())
            if self._prepared_statements == "off" or (self._prepared_statements == "auto" and behind_pooler):
                # A statement prepared on one of the pooler's connections is not there on the next one.
                connection.prepare_threshold = None
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection


def _patience(parameters: dict[str, Any]) -> float:
    """Seconds that the next step towards a connection may take."""
    patience, left = float(timeout_from_conninfo(parameters)), time_budget.seconds_left()
    return patience if left is None else min(patience, left)


def _open(parameters: str, patience: float) -> BoundedConnection:
    started = time.monotonic()
    try:
        # `Connection.connect` would do the same with whole seconds, at least two.
        connected = psycopg.waiting.wait_conn(psycopg.generators.connect(parameters), 0.1, patience)
    except psycopg.errors._WaitTimeout:
        raise psycopg.errors.ConnectionTimeout("connection timeout expired") from None
    finally:
        time_budget.charge(time.monotonic() - started)
    connection = BoundedConnection(connected)
    connection.opened_at = time.monotonic()
    return connection


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Is a pooler in between? It answers the start of a connection itself, and so names another process."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != connection.info.backend_pid


def _place(attempt: Attempt) -> Place:
    return attempt.get("host"), attempt.get("hostaddr"), attempt.get("port")
