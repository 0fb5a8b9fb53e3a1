"""`flask mail …`: the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import click
from flask.cli import AppGroup

from webapp.cli.output import command, json_option, show
from webapp.core.mail_route import MailRoute
from webapp.mail import courier, transport
from webapp.mail.post import test_message
from webapp.services import services, this_application
from webapp.store import mails
from webapp.store.database import read
from webapp.store.mails import MailRow

group = AppGroup("mail", help="Send, list and test mail.")

PAGE = 500
COLUMNS = ("created_at", "kind", "address", "state", "attempts", "sent_at", "failed_at", "id")


@group.command("send")
@command
def send() -> None:
    """Send everything that is due now, once. Safe while couriers run."""
    _demand_route()
    taken = courier.send_round(this_application())
    click.echo(f"Mails taken in hand: {taken}.")


@group.command("list")
@json_option
@command
def list_(as_json: bool) -> None:
    """List mails, newest first. No secret and no text is kept of them."""
    show(_entries(), COLUMNS, as_json=as_json, nothing="There are no mails.")


def _entries() -> Iterator[dict[str, Any]]:
    before: tuple[int, str] | None = None
    while page := read(partial(mails.listed, limit=PAGE, before=before)):
        for mail in page:
            yield {
                "id": mail.id,
                "kind": mail.kind,
                "address": mail.address,
                "state": state_of(mail),
                "created_at": mail.created_at,
                "due_at": mail.due_at,
                "attempts": mail.attempts,
                "sent_at": mail.sent_at,
                "failed_at": mail.failed_at,
            }
        before = (page[-1].created_at, page[-1].id)


def state_of(mail: MailRow) -> str:
    """sent, failed or waiting."""
    if mail.sent_at is not None:
        return "sent"
    return "failed" if mail.failed_at is not None else "waiting"


@group.command("test")
@click.argument("address")
@command
def test(address: str) -> None:
    """Send one test mail to ADDRESS, at once and past the outbox."""
    _demand_route()
    settings = services().settings
    with transport.connect(settings.mail.route) as carrier:
        carrier.send(test_message(settings.mail.sender, address, settings.public_url, services().clock()))
    click.echo(f"The mail server took a test mail to {address}.")


def _demand_route() -> MailRoute:
    route = services().settings.mail.route
    if not route.is_on:
        raise click.ClickException("mail is off; set WEBAPP_MAIL_URL")
    return route
