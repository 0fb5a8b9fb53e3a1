"""`flask users …`: accounts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TypedDict

import click
from flask.cli import AppGroup
from sqlalchemy import Connection

from webapp.cli.output import CLIENT, all_pages, command, json_option, show
from webapp.core.errors import FieldError
from webapp.core.field_problems import PROBLEMS
from webapp.core.mail import MailKind
from webapp.flows import delete_account, manage_people, sign_up
from webapp.flows import set_password as set_password_flow
from webapp.flows.client import Client
from webapp.flows.end_sessions import COMMAND_LINE
from webapp.flows.hand_over_link import hand_over_link
from webapp.flows.manage_people import ROLES
from webapp.mail.post import LINK_PATH, link_token
from webapp.services import services
from webapp.store import factor_counts, users
from webapp.store.database import read
from webapp.store.people_search import search
from webapp.store.users import Account

group = AppGroup("users", help="Create, list and change accounts.")

PAGE = 500


class Operator(TypedDict):
    """Who acts, from where, and when: what every flow below is told."""

    by: str
    client: Client
    now: int


def operator() -> Operator:
    """The person at this terminal, now."""
    return Operator(by=COMMAND_LINE, client=CLIENT, now=services().clock())


def find(login: str) -> Account:
    """The account named on the command line. Raises ClickException."""
    account = read(lambda tx: users.find(tx, login))
    if account is None:
        raise click.ClickException(f"no such user: {login!r}")
    return account


@group.command("create")
@click.argument("username")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@click.option("--name", default="", help="Display name, up to 80 characters.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input (its first line).")
@click.option("--invite", is_flag=True, help="Ask for no password: mail a link to choose one (mail off: print it).")
@command
def create(username: str, email: str, role: str, name: str, password_stdin: bool, invite: bool) -> None:
    """Create an account. You are asked for the password twice; it is not shown."""
    password = None if invite else _password(password_stdin)
    account, problems = sign_up.check_account(username, email, name, password)
    user_id = ""
    if account is not None:
        try:
            user_id = sign_up.add_account(account._replace(role=role), CLIENT, services().clock(), by=COMMAND_LINE)
        except FieldError as problem:
            problems = [problem]
    if account is None or problems:
        raise click.ClickException(
            "; ".join(f"{problem.field}: {PROBLEMS[problem.field, problem.code]}" for problem in problems)
        )
    click.echo(f"Created {account.username} ({role}).")
    if invite and services().settings.mail.is_on:
        click.echo(f"An invitation to {account.email} is in the outbox.")
    elif invite:
        click.echo(_link(user_id, MailKind.INVITE))


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        # Its bytes are UTF-8 whatever the terminal's encoding, because a browser sends the same password so.
        return sys.stdin.buffer.readline().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.ClickException("the password on standard input is not UTF-8 text") from None


@group.command("list")
@click.option("--search", default="", help="Only accounts whose username, email address or name contains this text.")
@json_option
@command
def list_(search: str, as_json: bool) -> None:
    """List accounts by username."""
    rows = (
        account._asdict() | {"factors": kinds if as_json else " ".join(kinds)} for account, kinds in _everybody(search)
    )
    show(
        rows,
        ("username", "email", "name", "role", "created_at", "email_verified_at", "factors", "disabled_at"),
        as_json=as_json,
        nothing="There are no users.",
    )


def _everybody(text: str) -> Iterator[tuple[Account, list[str]]]:
    def next_page(after: str, tx: Connection) -> tuple[list[tuple[Account, list[str]]], str | None]:
        people, further = search(tx, text, after=after, limit=PAGE)
        kinds = factor_counts.kinds_of(tx, [account.id for account in people])
        return [(account, kinds.get(account.id, [])) for account in people], further

    return all_pages(next_page)


@group.command("set-password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input (its first line).")
@command
def set_password(username: str, password_stdin: bool) -> None:
    """Give an account another password. All its sessions end."""
    person = find(username)
    try:
        set_password_flow.set_password(person, _password(password_stdin), **operator())
    except FieldError as problem:
        raise click.ClickException(f"password: {PROBLEMS[problem.field, problem.code]}") from None
    click.echo(f"{person.username} has a new password and is logged out everywhere.")


@group.command("delete")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Delete without asking first.")
@command
def delete(username: str, yes: bool) -> None:
    """Delete an account for good, with its sessions. The username is never given out again."""
    person = find(username)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Delete {person.username} ({person.email}) for good?", abort=True)
    delete_account.delete_account(person.id, None, **operator())
    click.echo(f"{person.username} is deleted.")


@group.command("set-role")
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
@command
def set_role(username: str, role: str) -> None:
    """Change a user's role. It takes effect on their next request."""
    manage_people.change_role(find(username).id, role, **operator())
    click.echo(f"{username} now has the role {role}.")


@group.command("reset-factors")
@click.argument("username")
@command
def reset_factors(username: str) -> None:
    """Remove all second steps of a user who has lost them. All their sessions end."""
    manage_people.reset_factors(find(username).id, **operator())
    click.echo(f"{username} has no second step any more and is logged out everywhere.")


@group.command("disable")
@click.argument("username")
@command
def disable(username: str) -> None:
    """Disable an account: it cannot log in, and all its sessions end."""
    manage_people.disable(find(username).id, **operator())
    click.echo(f"{username} is disabled and logged out everywhere.")


@group.command("enable")
@click.argument("username")
@command
def enable(username: str) -> None:
    """Let a disabled account log in again."""
    manage_people.enable(find(username).id, **operator())
    click.echo(f"{username} is enabled again.")


@group.command("reset-link")
@click.argument("username")
@command
def reset_link(username: str) -> None:
    """Print a link that chooses a new password: once, within 30 minutes. Hand it to its owner alone."""
    click.echo(_link(find(username).id, MailKind.RESET))


def _link(user_id: str, kind: MailKind) -> str:
    mail_id, secret = hand_over_link(user_id, kind, **operator())
    return f"{services().settings.public_url}{LINK_PATH}{link_token(mail_id, secret)}"


@group.command("confirm-email")
@click.argument("username")
@command
def confirm_email(username: str) -> None:
    """Count a user's email address as confirmed. You answer for it."""
    account = find(username)
    manage_people.confirm_email(account.id, **operator())
    click.echo(f"{account.email} counts as confirmed.")


@group.command("release")
@click.argument("username")
@command
def release(username: str) -> None:
    """Let the username of a deleted account be given out again."""
    if not delete_account.release_name(username):
        raise click.ClickException(f"no deleted account had this username: {username!r}")
    click.echo(f"{username} can be given out again.")
