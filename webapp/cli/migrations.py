"""Flask-Migrate, loaded when a command first asks for it.

A worker never migrates, and Alembic would be a tenth of its memory and a fifth of its start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask

from webapp.store.database import db

MIGRATIONS = Path(__file__).parents[1] / "store" / "migrations"


def register(app: Flask) -> None:
    """Make `flask db …` and `flask_migrate.upgrade()` work."""
    app.extensions["migrate"] = _Unloaded(app)


class _Unloaded:
    """Stands where Flask-Migrate looks for itself, until it does."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @property
    def migrate(self) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db, directory=str(MIGRATIONS), render_as_batch=True)  # takes this object's place
        return self._app.extensions["migrate"].migrate
