"""Commands: `flask --app wsgi …`, one file a group."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import FlaskGroup

from webapp.cli import audit, doctor, keys, migrations, sessions, users

SERVING = frozenset({"run"})
"""Commands of Flask's own that serve, and so need all that serving needs."""


def register(app: Flask) -> None:
    migrations.register(app)
    for command in (users.group, sessions.group, keys.group, audit.command, doctor.command):
        app.cli.add_command(command)


def is_command() -> bool:
    """Is the application being assembled for a `flask` command that does not serve?

    Such a command may be the one that makes or mends the key ring, so it must not need one.
    """
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.find_root().command, FlaskGroup):
        return False
    return context.info_name not in SERVING
