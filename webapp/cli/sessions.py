"""`flask sessions …`: who is logged in, and the end of that."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from flask.cli import AppGroup
from sqlalchemy import Connection

from webapp.cli.output import CLIENT, all_pages, command, json_option, show
from webapp.cli.users import find
from webapp.core.devices import describe
from webapp.core.lifetimes import DAY
from webapp.core.session import LABEL_BYTES, EndReason, session_label
from webapp.core.text import is_storable
from webapp.flows import end_sessions
from webapp.flows import purge as purge_flow
from webapp.flows.end_sessions import COMMAND_LINE
from webapp.services import services
from webapp.store import session_list
from webapp.store.database import read
from webapp.store.session_list import ListedSession

group = AppGroup("sessions", help="List, end and clean up sessions.")

PAGE = 500
IDS = 10_000
"""Ids that are read at once."""
MOST_SEARCHED = 500_000
"""Sessions among which a short id is looked for: some seconds' work."""


@group.command("list")
@click.option("--user", "login", help="Only this user's sessions (username or email).")
@json_option
@command
def list_(login: str | None, as_json: bool) -> None:
    """List active sessions."""
    user_id = find(login).id if login else None
    now, window = services().clock(), services().settings.lifetimes.renewal_window
    # Everybody's come by id, because a list of millions cannot be sorted here.
    found = _everybodys(now) if user_id is None else read(lambda tx: session_list.live_of(tx, user_id, now))
    rows = (
        {
            "id": session.sid if as_json else session_label(session.sid),
            "user": session.username,
            "channel": session.channel,
            "device": describe(session.user_agent) or "unknown",
            "ip": session.ip_address,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
        }
        for session in found
        if session.ending(now, window) is None
    )
    columns = ("id", "user", "channel", "device", "ip", "last_seen_at", "expires_at")
    show(rows, columns, as_json=as_json, nothing="Nobody is logged in.")


def _everybodys(now: int) -> Iterator[ListedSession]:
    return all_pages(lambda after, tx: session_list.live_page(tx, now=now, after=after, limit=PAGE))


@group.command("revoke")
@click.argument("sid")
@click.option("--user", "login", help="Whose it is (username or email): then a short id is found among any number.")
@command
def revoke(sid: str, login: str | None) -> None:
    """End one session: SID is its id or the short id that `sessions list` prints.

    That device is logged out on its next request.
    """
    now = services().clock()
    whole = _whole_id(sid, find(login).id if login else None, now) if is_storable(sid) else sid
    if not is_storable(sid) or not end_sessions.end_one(
        whole, reason=EndReason.ADMIN, client=CLIENT, now=now, by=COMMAND_LINE
    ):
        raise click.ClickException(f"no such session: {sid!r}")
    click.echo(f"Session {session_label(whole)} has ended.")


def _whole_id(sid: str, user_id: str | None, now: int) -> str:
    """The id of the live session that `sid` names, by its short id or by itself."""
    if len(sid) != 2 * LABEL_BYTES:
        return sid
    if user_id is not None:
        ids = [session.sid for session in read(lambda tx: session_list.live_of(tx, user_id, now))]
        named = [whole for whole in ids if session_label(whole) == sid]
    else:
        looked_at = list(_some_ids())
        labelled = [whole for whole in looked_at if session_label(whole) == sid]
        named = read(lambda tx: session_list.live_among(tx, labelled, now))
        if not named and len(looked_at) == MOST_SEARCHED:
            raise click.ClickException(f"{sid} is not among {MOST_SEARCHED} sessions; name the user with --user")
    if len(named) > 1:
        raise click.ClickException(f"{sid} names {len(named)} sessions; take the whole id from --json")
    return named[0] if named else sid


def _some_ids() -> Iterator[str]:
    """Ids of at most MOST_SEARCHED sessions, because no index knows short ids and nobody waits for all of millions."""
    after = ""

    def next_page(tx: Connection) -> list[str]:
        return session_list.ids(tx, after=after, limit=IDS)

    for _ in range(MOST_SEARCHED // IDS):
        page = read(next_page)
        yield from page
        if len(page) < IDS:
            return
        after = page[-1]


@group.command("revoke-all")
@click.argument("login", metavar="[USER]", required=False)
@click.option("--user", "option", help="Same as USER.")
@click.option("--yes", is_flag=True, help="End everyone's sessions without asking first.")
@command
def revoke_all(login: str | None, option: str | None, yes: bool) -> None:
    """End all sessions of USER, or of everyone if no USER is given. Logins in progress end, too."""
    login = login or option
    now = services().clock()
    if login:
        whose = find(login)
        ended = end_sessions.end_all(whose.id, reason=EndReason.ADMIN, client=CLIENT, now=now, by=COMMAND_LINE)
    else:
        if not yes and sys.stdin.isatty():
            click.confirm("End everyone's sessions?", abort=True)
        ended = end_sessions.end_everyones(reason=EndReason.ADMIN, client=CLIENT, now=now, by=COMMAND_LINE)
    click.echo(f"Sessions ended: {ended}.")


@group.command("purge")
@click.option(
    "--kept-days",
    type=click.IntRange(min=0, max=3650),
    default=purge_flow.KEPT // DAY,
    show_default=True,
    help="How many days ended sessions are kept, so that users can see why they ended.",
)
@command
def purge(kept_days: int) -> None:
    """Delete old sessions, expired rate-limit counters, guests after 24 hours, mails after 7 days, used challenges.

    For a timer.
    """
    purged = purge_flow.purge(services().clock(), kept=kept_days * DAY)
    click.echo(
        f"Deleted: {purged.sessions} sessions, {purged.counters} rate-limit counters, {purged.guests} guests, "
        f"{purged.mails} mails, {purged.challenges} challenges."
    )
