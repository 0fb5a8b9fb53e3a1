"""Change the password: every other session ends at once, this browser goes on with a new one."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.errors import FieldError, TokenroomError, WrongPassword
from webapp.core.events import Event
from webapp.core.mail import MailKind
from webapp.core.passwords import hash_password, refuse_weak, verify_password
from webapp.core.session import EndReason, SessionRow
from webapp.flows.arrival import Arrival
from webapp.flows.client import Client
from webapp.flows.end_sessions import end_with_credentials
from webapp.flows.notify import notify
from webapp.flows.open_session import open_session, session_of_form
from webapp.flows.prove_password import Gate
from webapp.store import auth_sessions, events, users
from webapp.store.database import read, transact
from webapp.store.users import Credentials


class SessionOver(TokenroomError):
    """The session ended while the passwords were being checked: by another change, or from another device."""


def change_password(session: SessionRow, arrival: Arrival, *, current: str, new: str, gate: Gate) -> SessionRow:
    """Replace the password of `session`'s person and return the new session of this browser.

    Raises FieldError (`current_password` wrong; `new_password` same or as in sign_up), TooManyTries, SessionOver or
    DatabaseUnavailable. The credential epoch is raised, so everything in flight with the old password is dead on
    arrival.
    """
    client, now = arrival.client, arrival.now
    refuse_weak("new_password", new, session.username, session.email, session.name)
    try:
        with gate.attempt(session):
            found, first = _prove(session, arrival, current, new)
    except WrongPassword:
        _record_failure(session, client, now)
        if not session.is_live(now):
            raise SessionOver("the session ended with an earlier change of the password") from None
        raise FieldError("current_password", "wrong") from None
    if first is not None:
        return first
    if verify_password(found.password_hash, new):
        raise FieldError("new_password", "same")
    new_hash = hash_password(new)

    def work(tx: Connection) -> SessionRow:
        user = users.lock(tx, session.user_id)
        row = auth_sessions.reload(tx, session.sid)
        if user is None or row is None or not row.is_live(now) or user.password_hash != found.password_hash:
            raise SessionOver("the session ended during the change of the password")
        end_with_credentials(
            tx, user.id, EndReason.PASSWORD, client, now, by=user.id, keep=session.sid, password_hash=new_hash
        )
        events.record(
            tx, Event.PASSWORD_CHANGED, at=now, user_id=user.id, sid=session.sid, ip_address=client.ip_address
        )
        notify(tx, user.id, MailKind.PASSWORD, client, now)
        return open_session(tx, arrival, user_id=user.id, credential_epoch=user.credential_epoch + 1, amr=row.amr)

    try:
        return transact(work)
    except SessionOver as over:
        # Perhaps two clicks at the same moment, and the other one was faster.
        try:
            _found, first = _prove(session, arrival, current, new)
        except WrongPassword:
            raise over from None
        if first is None:
            raise
        return first


def _prove(session: SessionRow, arrival: Arrival, current: str, new: str) -> tuple[Credentials, SessionRow | None]:
    """The person, and the session that the first of two clicks has started. Raises WrongPassword.

    The second click knows the password that the first one has set. Its session alone proves nothing.
    """
    found = read(lambda tx: users.get_credentials(tx, session.user_id))
    # In this order, because where the password has been changed already, the session that came of it is there as well.
    first = read(lambda tx: session_of_form(tx, arrival, session.user_id))
    if first is not None:  # the change may have come between the two reads
        found = read(lambda tx: users.get_credentials(tx, session.user_id))
    if first is None and not session.is_live(arrival.now):
        raise WrongPassword("the session has ended")
    if found is None or not verify_password(found.password_hash, new if first else current):
        raise WrongPassword("the password is wrong")
    return found, first


def _record_failure(session: SessionRow, client: Client, now: int) -> None:
    transact(
        lambda tx: events.record(
            tx,
            Event.LOGIN_FAILED,
            at=now,
            user_id=session.user_id,
            sid=session.sid,
            ip_address=client.ip_address,
            during="password change",
        )
    )
