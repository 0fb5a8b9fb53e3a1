"""What the tests of statements share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.databases import drop_postgres_database, make_postgres_database, migrate, need, postgres_is_there
from webapp.store.database import db


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application on an empty, migrated database of each kind."""
    settings: dict[str, str] = {}
    if request.param == "postgres":
        need("PostgreSQL", there=postgres_is_there())
        settings["WEBAPP_DATABASE_URL"] = make_postgres_database()
    app = build_app(tmp_path_factory.mktemp("either"), settings)
    migrate(app)
    with app.app_context():
        yield app
        db.engine.dispose()
    if settings:
        drop_postgres_database(settings["WEBAPP_DATABASE_URL"])
