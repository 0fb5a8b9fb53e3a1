"""Runs the migrations on the application's own engine."""

from __future__ import annotations

import click
from alembic import context
from flask import current_app
from sqlalchemy.exc import DBAPIError

import webapp.store.factor_models
import webapp.store.models  # noqa: F401 - the tables must be known to be compared
from webapp.store.database import DatabaseUnavailable
from webapp.store.health import WRONG_ENCODING, encoding_of
from webapp.store.migrations_lock import take_turn
from webapp.store.reasons import reason

extension = current_app.extensions["migrate"]
database = extension.db


def run() -> None:
    """Every migration in one transaction, so that one that fails leaves nothing behind.

    A refusal of the database is one line that says why, as with every other command.
    """
    try:
        with database.engine.connect().execution_options(writing=True) as connection:
            context.configure(connection=connection, target_metadata=database.metadata, **extension.configure_args)
            with context.begin_transaction():
                encoding = encoding_of(connection)
                if encoding not in ("UTF8", None):
                    raise click.ClickException(WRONG_ENCODING.format(encoding))
                take_turn(connection)
                refuse_unknown()
                context.run_migrations()
    except DatabaseUnavailable as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        raise click.ClickException(str(reason(error))) from None


def refuse_unknown() -> None:
    """Refuse after going back to an earlier release, which serves with the newer tables and cannot change them."""
    known = {script.revision for script in context.script.walk_revisions()}
    unknown = sorted(set(context.get_context().get_current_heads()) - known)
    if unknown:
        raise click.ClickException(
            f"the database has migrations that this release does not know ({', '.join(unknown)}). It can be served as "
            "it is; the release (or the product) that brought them upgrades it, or takes it back"
        )


run()
