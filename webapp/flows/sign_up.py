"""Create an account and sign in with it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.errors import FieldError
from webapp.core.events import Event
from webapp.core.logins import clean_email, clean_username
from webapp.core.mail import MailKind
from webapp.core.passwords import NO_PASSWORD, hash_password, problem_with, verify_password
from webapp.core.session import SessionRow
from webapp.core.steps import due
from webapp.core.text import clean_name
from webapp.flows.arrival import Arrival
from webapp.flows.client import Client
from webapp.flows.log_in import Unfinished
from webapp.flows.open_session import MOMENTS, open_session, session_of_form
from webapp.store import addresses, events, mails, users
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
    username: str, email: str, name: str, password: str | None, *, language: str = "en", theme: str = "auto"
) -> tuple[NewAccount | None, list[FieldError]]:
    """Check the fields of the form. Returns the account to create, or everything that is wrong with it.

    Without a password (None) the account gets one by a link.

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
    weakness = problem_with(password, username, email, name) if password is not None else None
    if weakness:
        problems.append(FieldError("password", weakness))
    if problems or called is None or address is None:
        return None, problems
    hashed = NO_PASSWORD if password is None else hash_password(password)
    return NewAccount(called, address, shown, hashed, language, theme), []


def create_account(tx: Connection, account: NewAccount, client: Client, now: int, **detail: str) -> str:
    """Insert the person and the event; the new id. Raises FieldError where the name or address is taken."""
    user_id = users.add(tx, now=now, **account._asdict())
    events.record(tx, Event.ACCOUNT_CREATED, at=now, user_id=user_id, ip_address=client.ip_address, **detail)
    return user_id


def add_account(account: NewAccount, client: Client, now: int, *, by: str) -> str:
    """Create an account on another person's behalf, without a session; its id. Raises FieldError as `sign_up`.

    The operator answers for the address. An account without a password is invited instead: the mail's link chooses the
    password, and proves the address.
    """

    def work(tx: Connection) -> str:
        user_id = create_account(tx, account, client, now, by=by, role=account.role)
        if account.password_hash != NO_PASSWORD:
            addresses.confirm(tx, user_id, account.email, now)
        else:
            mails.queue(tx, MailKind.INVITE, address=account.email, language=account.language, user_id=user_id, now=now)
        return user_id

    return transact(work)


def sign_up(account: NewAccount, arrival: Arrival, *, password: str) -> SessionRow | Unfinished:
    """Create the account; start its first session, unless the site demands a confirmed address first.

    Raises FieldError("username" or "email", "taken"). If the form has done so moments ago, with the same `password`,
    the answer is the same once more.
    """

    def work(tx: Connection) -> SessionRow | Unfinished:
        user_id = create_account(tx, account, arrival.client, arrival.now)
        if step := due(arrival.demands, is_confirmed=False, done=(), role=account.role):
            return Unfinished(arrival, user_id, 0, arrival.now, step)
        return open_session(tx, arrival, user_id=user_id, credential_epoch=0)

    try:
        return transact(work)
    except FieldError:
        first = read(lambda tx: _second_click(tx, account, arrival))
        if first is None or not verify_password(first[0], password):
            raise
        return first[1]


def _second_click(tx: Connection, account: NewAccount, arrival: Arrival) -> tuple[str, SessionRow | Unfinished] | None:
    """The hash of the account that this form has made moments ago, and what came of it; None if it has made none."""
    made = addresses.find(tx, account.username)
    if made is None or made.email != account.email:
        return None
    if step := due(arrival.demands, is_confirmed=made.is_confirmed, done=(), role=made.role):
        is_first = arrival.now - made.created_at <= MOMENTS
        login = Unfinished(arrival, made.id, made.credential_epoch, arrival.now, step)
        return (made.password_hash, login) if is_first else None
    session = session_of_form(tx, arrival, made.id)
    return None if session is None else (made.password_hash, session)
