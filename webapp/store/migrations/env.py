"""Runs the migrations on the application's own engine."""

from __future__ import annotations

from alembic import context
from flask import current_app

import webapp.store.models  # noqa: F401 - the tables must be known to be compared

extension = current_app.extensions["migrate"]
database = extension.db


def run() -> None:
    """Every migration in one transaction, so that one that fails leaves nothing behind."""
    with database.engine.connect().execution_options(writing=True) as connection:
        context.configure(connection=connection, target_metadata=database.metadata, **extension.configure_args)
        with context.begin_transaction():
            context.run_migrations()


run()
