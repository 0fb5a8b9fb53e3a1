"""The names of database hosts, looked up with a deadline.

`getaddrinfo` knows none. With a name server that says nothing it returns after ten seconds, with three of them after
thirty. So it runs in a thread of its own, one for each name. A request without time left stops waiting for it. Where
the name was found before, the addresses of then are used while its server is silent.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from concurrent.futures import Future
from random import shuffle
from threading import Lock, Thread
from typing import Any

import psycopg
from psycopg._conninfo_utils import get_param, split_attempts

FRESH = 1.0
"""Seconds a name server has to answer where older addresses are known."""

Attempt = dict[str, Any]
"""libpq's parameters, for one host."""


class HostNames:
    """Finds the addresses of the hosts that one database address names. One for all threads of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[str, tuple[float, Future[list[str]]]] = {}
        """Name -> when its look-up began, by the monotonic clock, and what will come of it."""
        self._known: dict[str, list[str]] = {}

    def addressed(self, attempt: Attempt, seconds: float) -> list[Attempt]:
        """The attempts to make for one host: one for each address it has, in the resolver's order.

        Waits at most `seconds` for a name. Raises psycopg.OperationalError where it has no address, or none in time.
        """
        name = name_of(attempt)
        if not name:
            return [attempt]
        found = [{**attempt, "hostaddr": address} for address in self._find(name, seconds)]
        if attempt.get("load_balance_hosts") == "random":
            shuffle(found)
        return found

    def _find(self, name: str, seconds: float) -> list[str]:
        with self._lock:
            known = self._known.get(name)
            began, future = self._running.get(name) or self._begin(name)
        if known is not None:
            seconds = min(seconds, began + FRESH - time.monotonic())
        try:
            return future.result(max(seconds, 0.0))
        except TimeoutError:
            if known is not None:
                return known
            raise psycopg.errors.ConnectionTimeout(f"no name server said in time where {name!r} is") from None
        except OSError as error:
            if known is not None and isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
                return known
            raise psycopg.OperationalError(f"the name {name!r} has no address: {error.strerror}") from None

    def _begin(self, name: str) -> tuple[float, Future[list[str]]]:
        began: tuple[float, Future[list[str]]] = time.monotonic(), Future()
        self._running[name] = began
        # A daemon, because a process that ends must not wait for a name server.
        Thread(target=self._look_up, args=(name, began[1]), name="host name", daemon=True).start()
        return began

    def _look_up(self, name: str, future: Future[list[str]]) -> None:
        found: list[str] = []
        failure: BaseException | None = None
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that no name can have
            failure = error if isinstance(error, OSError) else OSError(0, "not a name")
        with self._lock:
            del self._running[name]
            if found:
                self._known[name] = found
        if failure is None:
            future.set_result(found)
        else:
            future.set_exception(failure)


def hosts_of(parameters: dict[str, Any]) -> list[Attempt]:
    """libpq's parameters, once for each host that they name. Raises psycopg.OperationalError if they do not fit."""
    attempts = split_attempts(parameters)
    if parameters.get("load_balance_hosts") == "random":
        shuffle(attempts)
    return attempts


def name_of(attempt: Attempt) -> str:
    """The name that has to be looked up to reach this host; empty for an address and for a socket's folder."""
    host = get_param(attempt, "host") or ""
    if get_param(attempt, "hostaddr") or host.startswith(("/", "@")):
        return ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""
