"""Commands: `flask --app wsgi …`, one file a group."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import FlaskGroup

from webapp.cli import audit, doctor, factors, keys, mail, sessions, users
from webapp.cli.output import prepare_terminal
from webapp.store.database import db

MIGRATIONS = Path(__file__).parents[1] / "store" / "migrations"

SERVING = frozenset({"run"})
"""Commands of Flask's own that serve, and so need all that serving needs."""


def register(app: Flask) -> None:
    if is_command():
        add_migrations(app)
        prepare_terminal()
    for command in (users.group, sessions.group, keys.group, factors.group, mail.group, audit.command, doctor.command):
        app.cli.add_command(command)


def add_migrations(app: Flask) -> None:
    """`flask db …` and the functions of Flask-Migrate.

    For commands only, because a worker never migrates and Alembic would be a tenth of its memory and a fifth of its
    start.
    """
    from flask_migrate import Migrate
    from flask_migrate.cli import upgrade

    for parameter in upgrade.params:
        if parameter.name == "revision":
            parameter.default = "heads"  # of every branch, because a product may have migrations of its own
    # Alembic's options are templates, and a release may lie in a folder whose name holds a `%`.
    Migrate(app, db, directory=str(MIGRATIONS).replace("%", "%%"), render_as_batch=True)


def is_command() -> bool:
    """Is the application being assembled for a `flask` command that does not serve?

    Such a command may be the one that makes or mends the key ring, so it must not need one.
    """
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.find_root().command, FlaskGroup):
        return False
    return context.info_name not in SERVING
