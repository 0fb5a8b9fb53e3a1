"""Change the password: every other session ends at once, this browser goes on with a new one."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from webapp.core.errors import FieldError, TokenroomError
from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.passwords import hash_password, problem_with, verify_password
from webapp.core.session import EndReason, SessionRow
from webapp.flows.client import Client
from webapp.flows.open_session import end, open_session
from webapp.store import auth_sessions, events, users
from webapp.store.database import DatabaseUnavailable, read, transact


class SessionOver(TokenroomError):
    """The session ended while the passwords were being checked: by another change, or from another device."""


class Gate(Protocol):
    """Counts tries of the current password."""

    def enter(self, user_id: str) -> None:
        """Count this try, before the password is checked. Raises TooManyTries."""

    def passed(self) -> None:
        """The password was right, or was not checked: this try does not count."""


def change_password(
    lifetimes: Lifetimes, session: SessionRow, *, current: str, new: str, gate: Gate, client: Client, now: int
) -> SessionRow:
    """Replace the password of `session`'s person and return the new session of this browser.

    Raises FieldError (`current_password` wrong; `new_password` same or as in sign_up), TooManyTries, SessionOver or
    DatabaseUnavailable. The credential epoch is raised: what was in flight with the old password is dead on arrival.
    """
    weakness = problem_with(new, session.username, session.email, session.name)
    if weakness:
        raise FieldError("new_password", weakness)
    gate.enter(session.user_id)
    try:
        found = read(lambda tx: users.get_credentials(tx, session.user_id))
        if found is None or not verify_password(found.password_hash, current):
            _record_failure(session, client, now)
            raise FieldError("current_password", "wrong")
    except DatabaseUnavailable:
        gate.passed()
        raise
    gate.passed()
    if verify_password(found.password_hash, new):
        raise FieldError("new_password", "same")
    new_hash = hash_password(new)

    def work(tx: Connection) -> SessionRow:
        user = users.lock(tx, session.user_id)
        row = auth_sessions.reload(tx, session.sid)
        if user is None or row is None or not row.is_live(now) or user.password_hash != found.password_hash:
            raise SessionOver("the session ended during the change of the password")
        others = set(auth_sessions.live_sids(tx, session.user_id, now)) - {session.sid}
        end(tx, others, EndReason.PASSWORD, client, now, by=session.user_id)
        users.change_credentials(tx, session.user_id, new_hash)
        events.record(
            tx, Event.PASSWORD_CHANGED, at=now, user_id=user.id, sid=session.sid, ip_address=client.ip_address
        )
        return open_session(
            tx,
            lifetimes,
            user_id=user.id,
            credential_epoch=user.credential_epoch + 1,
            channel="web",
            persistent=bool(session.persistent),  # SQLite says 0 and 1
            presented={session.sid},
            client=client,
            now=now,
        )

    return transact(work)


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
