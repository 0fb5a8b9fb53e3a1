"""gunicorn and `flask --app wsgi` load this. A start-up error is printed as one line, without a traceback."""

from __future__ import annotations

import sys

import click

from webapp import create_app
from webapp.core.errors import TokenroomError


def refusal(error: TokenroomError) -> BaseException:
    """The exception that ends the program that loads this: gunicorn or flask."""
    if "gunicorn.arbiter" in sys.modules:
        from gunicorn.arbiter import Arbiter

        click.echo(f"Error: {error}", err=True)
        # The status at which a master gives up; at any other it would start workers for ever.
        return SystemExit(Arbiter.APP_LOAD_ERROR)
    if click.get_current_context(silent=True) is not None:
        return click.ClickException(str(error))
    return SystemExit(f"Error: {error}")


try:
    app = create_app()
except TokenroomError as refused:
    raise refusal(refused) from None
