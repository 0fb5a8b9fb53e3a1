"""`flask audit`: the trail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from sqlalchemy import Connection

from webapp.cli.output import command as our_command
from webapp.cli.output import json_option, moment, printable, to_json
from webapp.cli.users import find
from webapp.core.lifetimes import DAY
from webapp.core.session import session_label
from webapp.flows.purge import purge_events
from webapp.services import services
from webapp.store import events, users
from webapp.store.database import read
from webapp.store.events import EventRow

PAGE = 1000


@click.group("audit", invoke_without_command=True)
@click.option("--user", "login", help="Only events that affect this user or were caused by them.")
@json_option
@click.pass_context
def command(context: click.Context, login: str | None, as_json: bool) -> None:
    """Print the security events, oldest first; or purge old ones."""
    if context.invoked_subcommand is None:
        _print(login, as_json)


@our_command
def _print(login: str | None, as_json: bool) -> None:
    found = _events(find(login).id if login else None)
    if as_json:
        # Written as it is read, so a trail of years need not fit into memory.
        click.echo("[", nl=False)
        for number, event in enumerate(found):
            click.echo(",\n " if number else "\n ", nl=False)
            click.echo(to_json(event), nl=False)
        click.echo("\n]")
        return
    for event in found:
        detail = " ".join(f"{name}={value}" for name, value in event["detail"].items())
        words = (
            moment(event["at"]),
            event["event"],
            event["user"] or "-",
            session_label(event["sid"]) if event["sid"] else "-",
            event["ip"] or "-",
        )
        click.echo("  ".join(printable(word) for word in (*words, detail)).rstrip())


@command.command("purge")
@click.option(
    "--kept-days",
    type=click.IntRange(min=1, max=36500),
    required=True,
    help="How many days events are kept. Older ones are deleted for good.",
)
@our_command
def purge(kept_days: int) -> None:
    """Delete security events older than --kept-days. Meant for a daily timer."""
    click.echo(f"Deleted: {purge_events(services().clock(), kept=kept_days * DAY)} events.")


def _events(user_id: str | None) -> Iterator[dict[str, Any]]:
    after = 0

    def next_page(tx: Connection) -> tuple[list[EventRow], dict[str, str]]:
        rows = events.trail(tx, user_id=user_id, after=after, limit=PAGE)
        return rows, users.names(tx, {str(row.detail["by"]) for row in rows if "by" in row.detail})

    while True:
        rows, names = read(next_page)
        for row in rows:
            detail = dict(row.detail)
            if "by" in detail:
                detail["by"] = names.get(detail["by"], detail["by"])
            yield {
                "id": row.id,
                "at": row.at,
                "event": row.event,
                "user": row.username,
                "sid": row.sid,
                "ip": row.ip_address or None,
                "detail": detail,
            }
        if len(rows) < PAGE:
            return
        after = rows[-1].id
