"""Commands: `flask --app wsgi …`. Every group is one file."""

from __future__ import annotations

from flask import Flask

from webapp.cli import audit, doctor, sessions, users


def register(app: Flask) -> None:
    app.cli.add_command(users.group)
    app.cli.add_command(sessions.group)
    app.cli.add_command(audit.command)
    app.cli.add_command(doctor.command)
