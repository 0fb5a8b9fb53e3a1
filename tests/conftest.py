"""Fixtures: the application in this process, the same under gunicorn, a browser for each, and a clock that is set."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.databases import (
    dispose_of_engines,
    drop_postgres_database,
    make_postgres_database,
    migrate,
    need,
    postgres_is_there,
)
from tests.support.server import CHEAP_HASHING, Server
from tests.support.serving import CHEAP, REAL
from webapp import create_app
from webapp.core import passwords
from webapp.services import services_of
from webapp.store import time_budget
from webapp.store.database import db

# A machine that is busy makes no rule of the core wrong.
hypothesis.settings.register_profile("here", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("here")
APART = ("faults", "hosts")
"""Markers of tests that take machines apart: they run only when asked for, and then alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in APART:
        parser.addoption(f"--{name}", action="store_true", help=f"run the tests marked {name}, and only those")


def pytest_configure() -> None:
    """Where Python is told to keep no bytecode, keep it apart from the sources, because hundreds of processes start
    here, and each would compile the whole house anew. Workers of pytest-xdist and servers inherit it."""
    if sys.dont_write_bytecode:
        folder = str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "bytecode")
        sys.dont_write_bytecode, sys.pycache_prefix = False, folder
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asked = [name for name in APART if config.getoption(f"--{name}")]

    def is_wanted(item: pytest.Item) -> bool:
        marks = [name for name in APART if item.get_closest_marker(name)]
        return any(name in asked for name in marks) if asked else not marks

    left_out = [item for item in items if not is_wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if is_wanted(item)]
    if hasattr(config, "workerinput"):  # of pytest-xdist
        from tests.support.order import file_of, rank

        items.sort(key=lambda item: rank(file_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be left out
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """What is handed out to the processes, for `--dist=loadgroup`."""
    from tests.support.order import Groups

    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own WEBAPP_ settings must not decide whether a test passes."""
    for name in list(os.environ):
        if name.startswith("WEBAPP_") and not name.startswith("WEBAPP_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _databases_are_closed() -> Iterator[None]:
    """Close the connections of every application that a test has made: Python 3.13 warns of open ones."""
    yield
    dispose_of_engines()


@pytest.fixture(autouse=True)
def _the_last_request_is_over() -> None:
    """The waiting time of an earlier test's requests is not charged to this one, which shares their thread."""
    time_budget._spent.set(None)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file and a key ring, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app({"WEBAPP_INSTANCE_PATH": str(folder)})
    migrate(app)
    with app.app_context():
        db.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def migrated_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated PostgreSQL database for this run; tests share it and use people of their own."""
    need("PostgreSQL", there=postgres_is_there())
    address = make_postgres_database()
    folder = tmp_path_factory.mktemp("postgres")
    migrate(create_app({"WEBAPP_INSTANCE_PATH": str(folder), "WEBAPP_DATABASE_URL": address}))
    yield address
    drop_postgres_database(address)


@pytest.fixture
def settings() -> dict[str, str]:
    """Override in a module or by parametrize to change the application's settings."""
    return {}


@pytest.fixture
def app(tmp_path: Path, migrated_sqlite: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application on its own SQLite file, with the tests' views, a settable clock and cheap password hashes."""
    for name, value in CHEAP.items():
        monkeypatch.setattr(passwords, name, value)
    folder = tmp_path / "instance"
    shutil.copytree(migrated_sqlite, folder)
    return build_app(folder, settings)


@pytest.fixture
def real_hashing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Password hashes at their full cost, for tests that are about it."""
    for name, value in REAL.items():
        monkeypatch.setattr(passwords, name, value)


@pytest.fixture
def clock(app: Flask) -> SetClock:
    clock = services_of(app).clock
    assert isinstance(clock, SetClock)
    return clock


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """A browser that has no account yet."""
    return Browser.of_app(app)


@pytest.fixture
def username(visitor: Browser) -> str:
    """The name of an account, which `visitor` has signed up for and is logged in to."""
    return visitor.sign_up()


@pytest.fixture
def person(visitor: Browser, username: str) -> Browser:
    """A browser that is logged in."""
    return visitor


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sqlite_server"), settings=CHEAP_HASHING) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    need("PostgreSQL", there=postgres_is_there())
    address = make_postgres_database()
    try:
        folder = tmp_path_factory.mktemp("postgres_server")
        with Server(folder, address, settings=CHEAP_HASHING) as server:
            yield server
    finally:
        drop_postgres_database(address)


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Server:
    """Gunicorn with 4 workers, on each database in turn. Shared: tests bring their own people and only set the
    clock forward."""
    server = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(server, Server)
    return server


def pytest_collection_finish() -> None:
    """All modules imported by now stay, so the collector need not look at it again after every few tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
