"""Create an account and sign in with it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.errors import FieldError
from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.logins import clean_email, clean_username
from webapp.core.passwords import hash_password, problem_with, verify_password
from webapp.core.session import SessionRow
from webapp.core.text import clean_name
from webapp.flows.arrival import Arrival
from webapp.flows.client import Client
from webapp.flows.open_session import open_session, session_of_form
from webapp.store import events, users
from webapp.store.database import read, transact


class NewAccount(NamedTuple):
    """Checked and normalised; the password is already a hash."""

    username: str
    email: str
    name: str
    password_hash: str
    language: str = "en"
    theme: str = "auto"
    role: str = "user"


def check_account(
    username: str, email: str, name: str, password: str, *, language: str = "en", theme: str = "auto"
) -> tuple[NewAccount | None, list[FieldError]]:
    """Check the fields of the form. Returns the account to create, or everything that is wrong with it.

    Codes: username invalid · email invalid · name unprintable, invisible, too_long · password unreadable, too_short,
    too_long, personal, common.
    """
    problems = []
    called = clean_username(username)
    if called is None:
        problems.append(FieldError("username", "invalid"))
    address = clean_email(email)
    if address is None:
        problems.append(FieldError("email", "invalid"))
    try:
        shown = clean_name(name)
    except ValueError as error:
        shown = ""
        problems.append(FieldError("name", str(error)))
    weakness = problem_with(password, username, email, name)
    if weakness:
        problems.append(FieldError("password", weakness))
    if problems or called is None or address is None:
        return None, problems
    return NewAccount(called, address, shown, hash_password(password), language, theme), []


def create_account(tx: Connection, account: NewAccount, client: Client, now: int, **detail: str) -> str:
    """Insert the person and the event; the new id. Raises FieldError where the name or address is taken."""
    user_id = users.add(tx, now=now, **account._asdict())
    events.record(tx, Event.ACCOUNT_CREATED, at=now, user_id=user_id, ip_address=client.ip_address, **detail)
    return user_id


def add_account(account: NewAccount, client: Client, now: int, *, by: str) -> str:
    """Create an account for another person, without a session. Returns its id. Raises FieldError as `sign_up`."""
    return transact(lambda tx: create_account(tx, account, client, now, by=by, role=account.role))


def sign_up(lifetimes: Lifetimes, account: NewAccount, arrival: Arrival, *, password: str) -> SessionRow:
    """Create the account and start its first session. Raises FieldError("username" or "email", "taken").

    If the form has done so moments ago, with the same `password`, the answer is that same session.
    """

    def work(tx: Connection) -> SessionRow:
        user_id = create_account(tx, account, arrival.client, arrival.now)
        return open_session(tx, lifetimes, arrival, user_id=user_id, credential_epoch=0)

    try:
        return transact(work)
    except FieldError:
        found = read(lambda tx: users.find_credentials(tx, account.username))
        first = read(lambda tx: session_of_form(tx, arrival, found.id)) if found else None
        if found is None or first is None or first.email != account.email:
            raise
        if not verify_password(found.password_hash, password):
            raise
        return first
