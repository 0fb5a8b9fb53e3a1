"""`flask sessions …`: who is logged in, and the end of that."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from flask.cli import AppGroup
from sqlalchemy import Connection

from webapp.cli.output import CLIENT, command, json_option, show
from webapp.cli.users import find
from webapp.core.devices import recognise
from webapp.core.lifetimes import DAY
from webapp.core.text import is_storable
from webapp.flows import end_sessions
from webapp.flows import purge as purge_flow
from webapp.flows.end_sessions import COMMAND_LINE
from webapp.store import session_list
from webapp.store.database import read
from webapp.store.session_list import ListedSession
from webapp.web.services import services

group = AppGroup("sessions", help="List and end sessions, delete old ones.")

PAGE = 500


@group.command("list")
@click.option("--user", "login", help="Only sessions of this user (name or address).")
@json_option
@command
def list_(login: str | None, as_json: bool) -> None:
    """List live sessions."""
    user_id = find(login).id if login else None
    now, window = services().clock(), services().settings.lifetimes.renewal_window
    found = list(_live(now, user_id))
    rows = [
        {
            "id": session.sid,
            "user": session.username,
            "channel": session.channel,
            "device": _device(session.user_agent),
            "ip": session.ip_address,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
        }
        for session in sorted(found, key=lambda session: session.created_at)
        if session.ending(now, window) is None
    ]
    columns = ("id", "user", "channel", "device", "ip", "last_seen_at", "expires_at")
    show(rows, columns, as_json=as_json, nothing="nobody is logged in")


def _live(now: int, user_id: str | None) -> Iterator[ListedSession]:
    after = ""

    def next_page(tx: Connection) -> list[ListedSession]:
        return session_list.live(tx, now=now, user_id=user_id, after=after, limit=PAGE)

    while page := read(next_page):
        yield from page
        after = page[-1].sid


def _device(user_agent: str) -> str:
    device = recognise(user_agent)
    return ", ".join(part for part in (device.browser, device.system) if part) or "unknown"


@group.command("revoke")
@click.argument("sid")
@command
def revoke(sid: str) -> None:
    """End one session. It acts on that device's next request."""
    if not is_storable(sid) or not end_sessions.end_one(
        sid, reason="admin", client=CLIENT, now=services().clock(), by=COMMAND_LINE
    ):
        raise click.ClickException(f"there is no session {sid!r}")
    click.echo(f"session {sid} is ended")


@group.command("revoke-all")
@click.argument("login", metavar="[USER]", required=False)
@click.option("--user", "option", help="The same as USER.")
@click.option("--yes", is_flag=True, help="Do not ask before ending everybody's sessions.")
@command
def revoke_all(login: str | None, option: str | None, yes: bool) -> None:
    """End all sessions of USER; of everybody if no USER is given. Log-ins in flight end too."""
    login = login or option
    now = services().clock()
    if login:
        whose = find(login)
        ended = end_sessions.end_all(whose.id, reason="admin", client=CLIENT, now=now, by=COMMAND_LINE)
    else:
        if not yes and sys.stdin.isatty():
            click.confirm("End the sessions of everybody?", abort=True)
        ended = end_sessions.end_everybodys(reason="admin", client=CLIENT, now=now, by=COMMAND_LINE)
    click.echo(f"{ended} sessions ended")


@group.command("purge")
@click.option(
    "--kept-days",
    type=click.IntRange(min=0, max=3650),
    default=purge_flow.KEPT // DAY,
    show_default=True,
    help="Days an ended session is kept, so that its owner can see why it ended.",
)
@command
def purge(kept_days: int) -> None:
    """Delete sessions that ended long ago, and rate counters that ran out. For a daily timer."""
    purged = purge_flow.purge(services().clock(), kept=kept_days * DAY)
    click.echo(f"{purged.sessions} sessions and {purged.counters} rate counters deleted")
