"""The name of the database host is looked up within the time that a request has."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, active_count
from typing import Any

import psycopg
import pytest

from tests.support.app import build_app
from tests.support.browser import Browser
from webapp.store import health, host_names
from webapp.store.host_names import HostNames, hosts_of
from webapp.store.postgres import Connector, connection_parameters
from webapp.store.time_budget import time_budget

NAME = "db.internal"


class NameServer:
    """Answers for NAME alone, as it is told to."""

    def __init__(self) -> None:
        self.says: Callable[[], list[str]] = list
        self.asked = 0
        self.go_on = Event()
        self._real = socket.getaddrinfo

    def __call__(self, name: Any, *rest: Any, **more: Any) -> list[Any]:
        if name != NAME:
            return self._real(name, *rest, **more)
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in self.says()]

    def silence(self) -> list[str]:
        self.go_on.wait(30)
        return []


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.go_on.set()


def refusal(code: int) -> Callable[[], list[str]]:
    def refuse() -> list[str]:
        raise socket.gaierror(code, "no")

    return refuse


def find(known: HostNames, seconds: float = 0.05) -> list[str]:
    (host,) = hosts_of(connection_parameters(f"postgresql://u@{NAME}:5433/d"))
    return [attempt["hostaddr"] for attempt in known.addressed(host, seconds)]


def test_a_silent_name_server_costs_no_more_than_the_time_there_is(names: NameServer) -> None:
    """Each thread stops waiting in time, and one thread asks for all of them."""
    names.says = names.silence
    connect, threads, started = Connector(f"postgresql://u@{NAME}/d"), active_count(), time.monotonic()
    for _ in range(5):
        with time_budget(0.05), pytest.raises(psycopg.OperationalError, match="no name server said in time where"):
            connect()
    assert time.monotonic() - started < 2
    assert (names.asked, active_count() - threads) == (1, 1)


def test_readyz_says_so(tmp_path: Path, names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the door: 503 in time, with the reason; and nobody is left waiting."""
    names.says = names.silence
    monkeypatch.setattr(health, "PATIENCE", 0.1)
    visitor = Browser.of_app(build_app(tmp_path, {"WEBAPP_DATABASE_URL": f"postgresql://u@{NAME}/d"}))
    started = time.monotonic()
    answer = visitor.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert time.monotonic() - started < 2


def test_the_next_host_is_asked_and_asked_first_from_then_on(
    names: NameServer, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that nobody knows in time does not keep us from a host that can be reached."""
    names.says = names.silence
    monkeypatch.setattr("webapp.store.postgres.timeout_from_conninfo", lambda _parameters: 1)
    connect = Connector(migrated_postgres.replace("@", f"@{NAME},"))
    for asked in (1, 1):
        with time_budget(5):
            connect().close()
        assert names.asked == asked


def test_every_address_of_a_name_is_tried(names: NameServer, migrated_postgres: str) -> None:
    """The first refuses; the server proves who it is by its name, which stays the name."""
    names.says = lambda: ["127.0.0.99", "127.0.0.1", "127.0.0.1"]
    connection = Connector(migrated_postgres.replace("127.0.0.1", NAME).replace("localhost", NAME))()
    assert (connection.info.host, connection.info.hostaddr) == (NAME, "127.0.0.1")
    connection.close()


def test_older_addresses_help_while_the_name_server_is_away(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is silent or has trouble of its own; not where it says that the name is gone."""
    known = HostNames()
    names.says = lambda: ["192.0.2.1"]
    assert find(known) == ["192.0.2.1"]
    names.says = lambda: ["192.0.2.2"]
    assert find(known) == ["192.0.2.2"]  # what it says now wins
    names.says = refusal(socket.EAI_AGAIN)
    assert find(known) == ["192.0.2.2"]
    names.says = refusal(socket.EAI_NONAME)
    with pytest.raises(psycopg.OperationalError, match="has no address"):
        find(known)
    monkeypatch.setattr(host_names, "FRESH", 0.02)
    names.says = names.silence
    assert find(known, seconds=20) == ["192.0.2.2"]


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "%2Frun%2Fpostgresql", ""])
def test_what_needs_no_look_up_gets_none(address: str) -> None:
    """Numbers, and folders of sockets."""
    (host,) = hosts_of(connection_parameters(f"postgresql://u@{address}/d"))
    assert HostNames().addressed(host, 0) == [host]


def test_a_name_that_no_host_can_have() -> None:
    """An error of the database's, which is answered with 503, and no other."""
    (host,) = hosts_of(connection_parameters(f"postgresql://u@{'x' * 64}.example/d"))
    with pytest.raises(psycopg.OperationalError, match="has no address"):
        HostNames().addressed(host, 5)
