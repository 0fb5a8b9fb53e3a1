"""`flask db …`: Flask-Migrate, loaded when it is first asked for.

A worker never migrates, and Alembic would be a tenth of its memory and a fifth of its start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from webapp.store.database import db

MIGRATIONS = Path(__file__).parents[1] / "store" / "migrations"


def register(app: Flask) -> None:
    """Make `flask db …` and `flask_migrate.upgrade()` work. Call before commands are added."""
    app.extensions["migrate"] = _Unloaded(app)
    app.cli = _Commands(app)


def load(app: Flask) -> None:
    """Put Flask-Migrate and its commands into their places."""
    from flask_migrate import Migrate

    if isinstance(app.extensions["migrate"], _Unloaded):
        Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)


class _Unloaded:
    """Stands where Flask-Migrate's functions look for its settings."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @property
    def migrate(self) -> Any:
        load(self._app)
        return self._app.extensions["migrate"].migrate


class _Commands(AppGroup):
    """The application's commands, with `db` among them once somebody looks."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.name)
        self._app = app

    def list_commands(self, ctx: click.Context) -> list[str]:
        load(self._app)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "db":
            load(self._app)
        return super().get_command(ctx, cmd_name)
