"""`flask --app wsgi keys …`: make, replace and end signing keys while people work."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click
from flask import current_app
from flask.cli import AppGroup

from webapp.cli.output import json_option, show
from webapp.core.errors import KeyRingError
from webapp.core.events import Event
from webapp.core.keys import ACCESS, ALGORITHMS, FACTORS, PURPOSES, REFRESH, SEALING_ALGORITHM, SIGNING, Key
from webapp.core.lifetimes import DAY
from webapp.flows.open_key_ring import make_key_ring
from webapp.flows.rotate_keys import activate_key, keep_verifying, record_keys, retire_key, rotate_keys, stage_keys
from webapp.services import Services, services_of
from webapp.store.database import DatabaseUnavailable
from webapp.store.key_file import KeyFile

T = TypeVar("T")

group = AppGroup("keys", help="Manage the keys that sign tokens and seal secrets.")


@group.command()
def init() -> None:
    """Create the key file. Does nothing if it already exists."""
    application, file = _setup()
    made = _try(lambda: make_key_ring(file, application.settings.access_algorithm, application.clock()))
    _try(file.read)
    click.echo(f"Created {file.path}." if made else f"{file.path} already exists; nothing was changed.")


@group.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List all keys with their state and age, when they started signing and when they can be removed."""
    application, file = _setup()
    now = application.clock()
    keep = keep_verifying(application.settings.lifetimes)
    rows = [_describe(key, now, keep) for key in _try(file.read).keys]
    if not as_json:
        rows = [row | {"age": None if row["age"] is None else f"{row['age'] // DAY} d"} for row in rows]
    columns = ("kid", "purpose", "alg", "state", "age", "active_since", "can_go_at")
    show(rows, columns, as_json=as_json, nothing="There are no keys.")


@group.command()
@click.option(
    "--purpose",
    type=click.Choice(PURPOSES),
    help="Rotate only the keys for these tokens (default: both), or the key that seals authenticator apps' secrets.",
)
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Algorithm for signing access tokens from now on.")
def rotate(purpose: str | None, algorithm: str | None) -> None:
    """Start signing with new keys. The old keys still verify, so nobody is logged out."""
    application, file = _setup()
    settings, now = application.settings, application.clock()
    algorithms = _algorithms(purpose, algorithm, settings.access_algorithm)
    done = _try(lambda: rotate_keys(file, algorithms, settings.lifetimes, now))
    for key in done.added:
        signs = "seals authenticator apps' secrets" if key.purpose == FACTORS else f"signs {key.purpose} tokens"
        click.echo(f"{key.kid} ({key.alg}) {signs} from now on.")
        if key.purpose == FACTORS:
            click.echo("Seal the stored secrets with it: flask --app wsgi factors reseal")
    for key in done.dropped:
        click.echo(f"{key.kid} was removed: every token it signed has expired.")
    new, configured = algorithms.get(ACCESS), settings.access_algorithm
    if new not in (None, configured):
        click.echo(f"Set WEBAPP_ACCESS_ALGORITHM={new} before the next start; it is currently {configured}.", err=True)
    _record(Event.KEYS_ROTATED, done.added, now)


@group.command()
@click.option("--purpose", type=click.Choice(SIGNING), help="Stage only a key for these tokens (default: both).")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Algorithm of the access key.")
def stage(purpose: str | None, algorithm: str | None) -> None:
    """Add new keys that verify and do not sign yet, so that every host and service knows them before they sign."""
    application, file = _setup()
    algorithms = _algorithms(purpose, algorithm, application.settings.access_algorithm)
    staged = _try(lambda: stage_keys(file, algorithms, application.clock()))
    for key in staged:
        click.echo(f"{key.kid} ({key.alg}) verifies {key.purpose} tokens and signs none yet.")
    click.echo(f"If this site has other hosts, copy {file.path} to each of them.")
    if any(key.alg != "HS256" for key in staged):
        click.echo("Wait five minutes, because services keep our public keys for so long.")
    click.echo("Then let the keys sign:")
    for key in staged:
        click.echo(f"flask --app wsgi keys activate {key.kid}")


@group.command()
@click.argument("kid")
def activate(kid: str) -> None:
    """Start signing with the staged key KID. The key it replaces still verifies."""
    application, file = _setup()
    now = application.clock()
    key = _try(lambda: activate_key(file, kid, now))
    click.echo(f"{kid} ({key.alg}) signs {key.purpose} tokens from now on.")
    click.echo(f"If this site has other hosts, copy {file.path} to each of them.")
    if key.purpose == ACCESS and key.alg != application.settings.access_algorithm:
        click.echo(f"Set WEBAPP_ACCESS_ALGORITHM={key.alg} before the next start.", err=True)
    _record(Event.KEYS_ROTATED, [key], now)


def _algorithms(purpose: str | None, algorithm: str | None, configured: str) -> dict[str, str]:
    """Purpose -> algorithm of the keys to make."""
    if purpose == REFRESH and algorithm not in (None, "HS256"):
        raise click.UsageError("refresh tokens are always signed with HS256; --algorithm is for access tokens")
    if purpose == FACTORS and algorithm is not None:
        raise click.UsageError(f"secrets are always sealed with {SEALING_ALGORITHM}; --algorithm is for access tokens")
    chosen = {ACCESS: algorithm or configured, REFRESH: "HS256", FACTORS: SEALING_ALGORITHM}
    return {name: chosen[name] for name in ((purpose,) if purpose else SIGNING)}


@group.command()
@click.argument("kid")
def retire(kid: str) -> None:
    """Invalidate every token signed with key KID immediately.

    A key that sealed authenticator apps' secrets is refused while a stored secret needs it.
    """
    application, file = _setup()
    key = _try(lambda: retire_key(file, kid))
    what = (
        "it opens nothing any more"
        if key.purpose == FACTORS
        else f"{key.purpose} tokens signed with it are no longer accepted"
    )
    click.echo(f"{kid} is retired: {what}.")
    _record(Event.KEYS_RETIRED, [key], application.clock())


def _setup() -> tuple[Services, KeyFile]:
    application = services_of(current_app)
    return application, KeyFile(application.settings.keys_file)


def _try(work: Callable[[], T]) -> T:
    try:
        return work()
    except (KeyRingError, DatabaseUnavailable) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        # Its text is the path and what the system says of it.
        raise click.ClickException(f"cannot write the key file: {error}") from None


def _record(event: Event, keys: Collection[Key], now: int) -> None:
    try:
        record_keys(event, keys, now)
    except DatabaseUnavailable as error:
        click.echo(f"Done, but it could not be recorded in the audit log: {error}", err=True)


def _describe(key: Key, now: int, keep: int) -> dict[str, Any]:
    over = key.superseded_at
    return {
        "kid": key.kid,
        "purpose": key.purpose,
        "alg": key.alg,
        "state": key.state,
        "created_at": key.created_at,
        "age": None if key.created_at is None else now - key.created_at,
        "active_since": key.active_since,
        "superseded_at": over,
        # A sealing key goes when no stored secret needs it; no date says when.
        "can_go_at": None if over is None or key.purpose == FACTORS else over + keep,
    }
