"""/readyz and doctor say when a logout would not survive: asked of a real primary with a real standby."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import Browser
from tests.support.cluster import programs
from tests.support.databases import migrate, need
from tests.support.standby import Pair
from tests.support.waiting import until
from webapp.cli import database_checks
from webapp.store.database import db

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    need("PostgreSQL's initdb", there=programs() is not None)
    with Pair(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture
def on_pair(tmp_path: Path, pair: Pair) -> Iterator[Flask]:
    app = build_app(tmp_path, {"WEBAPP_DATABASE_URL": pair.address})
    migrate(app)
    yield app
    with app.app_context():
        db.engine.dispose()


def told(app: Flask) -> list[str]:
    """The warnings of /readyz, which is ready."""
    answer = Browser.of_app(app).get("/readyz")
    assert answer.status_code == 200, answer.text
    warnings: list[str] = answer.json().get("warnings", [])
    return warnings


def graded(app: Flask) -> list[str]:
    with app.app_context():
        return [f"{found.grade}: {found.words}" for found in database_checks.database(0) if found.topic == "durability"]


def test_a_sound_pair(on_pair: Flask) -> None:
    """No warning, and doctor says what is promised."""
    assert told(on_pair) == []
    assert graded(on_pair) == ["good: a COMMIT waits for a synchronous standby"]


def test_what_forgets_logouts(on_pair: Flask, pair: Pair) -> None:
    """synchronous_commit off, and asynchronous replication."""
    with psycopg.connect(pair.primary.address, autocommit=True) as admin:
        admin.execute("ALTER DATABASE postgres SET synchronous_commit = off")
    with on_pair.app_context():
        db.engine.dispose()
    assert told(on_pair) == ["synchronous_commit is off: a crash forgets the last logouts"]
    assert graded(on_pair) == ["failing: synchronous_commit is off: a crash forgets the last logouts"]
    with psycopg.connect(pair.primary.address, autocommit=True) as admin:
        admin.execute("ALTER DATABASE postgres RESET synchronous_commit")
    pair.synchronous("")
    with on_pair.app_context():
        db.engine.dispose()
    assert told(on_pair) == ["replication is asynchronous: a failover forgets the last logouts"]
    assert graded(on_pair) == ["warning: replication is asynchronous: a failover forgets the last logouts"]
    pair.synchronous("tokenroom_standby")


def test_a_user_that_may_not_see_the_standbys(tmp_path: Path, on_pair: Flask, pair: Pair) -> None:
    """An ordinary user is told how to let the check look."""
    with psycopg.connect(pair.primary.address, autocommit=True) as admin:
        admin.execute("CREATE ROLE plain LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain")
    app = build_app(tmp_path / "plain", {"WEBAPP_DATABASE_URL": pair.address.replace("postgres@", "plain@")})
    assert told(app) == ["not checked: is the standby that is connected a synchronous one?"]
    with psycopg.connect(pair.primary.address, autocommit=True) as admin:
        admin.execute("GRANT pg_read_all_stats TO plain")
    assert told(app) == []
    with app.app_context():
        db.engine.dispose()


def test_the_standby_is_gone(on_pair: Flask, pair: Pair) -> None:
    """Every change would wait, which the doctor says while pages are still served. The standby does not come back."""
    assert told(on_pair) == []
    pair.standby.stop("immediate")
    until(lambda: bool(told(on_pair)), 10)
    assert told(on_pair) == ["no synchronous standby is connected, and every change waits for one"]
