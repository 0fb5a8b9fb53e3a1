"""`flask --app wsgi factors …`: look after the secrets of authenticator apps."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from webapp.cli.output import command
from webapp.flows import reseal as flow
from webapp.services import services

group = AppGroup("factors", help="Look after the secrets of authenticator apps.")


@group.command("reseal")
@command
def reseal() -> None:
    """Seal all secrets with the present key. Run it after `keys rotate --purpose factors`."""
    safe = services().safe
    if not safe.can_seal:
        raise click.ClickException("there is no such key; run: flask --app wsgi keys rotate --purpose factors")
    result = flow.reseal(safe)
    click.echo(f"Resealed: {result.done}.")
    if result.lost:
        raise click.ClickException(
            f"{result.lost} secret(s) do not open with any key of the ring: their key was removed or retired"
        )
