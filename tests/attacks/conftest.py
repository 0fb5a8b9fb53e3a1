"""Servers whose rate limits are on, and which count how many password hashes they compute."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import drop_postgres_database, make_postgres_database, need, postgres_is_there
from tests.support.guarded import GuardedServer, guarded_at


@pytest.fixture(scope="package")
def guarded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    with guarded_at(tmp_path_factory.mktemp("guarded")) as server:
        assert isinstance(server, GuardedServer)
        yield server


@pytest.fixture(scope="package")
def guarded_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    need("PostgreSQL", there=postgres_is_there())
    address = make_postgres_database()
    try:
        with guarded_at(tmp_path_factory.mktemp("guarded_pg"), address) as server:
            assert isinstance(server, GuardedServer)
            yield server
    finally:
        drop_postgres_database(address)


@pytest.fixture
def guarded(guarded_sqlite: GuardedServer) -> GuardedServer:
    """As `guarded_server`, on SQLite only: for what does not depend on the database."""
    guarded_sqlite.clock.advance(3601)
    return guarded_sqlite


@pytest.fixture(params=["sqlite", "postgres"])
def guarded_server(request: pytest.FixtureRequest) -> GuardedServer:
    """Gunicorn with 4 workers and rate limits, on each database in turn. Shared, and so is its address 127.0.0.1, so
    a test that uses up the address begins with a window of its own (`server.clock.advance`)."""
    server = request.getfixturevalue(f"guarded_{request.param}")
    assert isinstance(server, GuardedServer)
    server.clock.advance(3601)
    return server
