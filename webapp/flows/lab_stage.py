"""An extra session of the same person for an act of the lab, and the pasts it can be given. Ended and deleted after.

Nothing here is how a session really gets old; it is how the stage saves the audience the wait.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.session import EndReason, SessionRow
from webapp.core.tokens import Tokens
from webapp.flows.client import Client
from webapp.flows.end_sessions import end
from webapp.store import auth_sessions, events, lab_sessions
from webapp.store.database import transact

USER_AGENT = "Lab"


def open_extra(tokens: Tokens, person: SessionRow, client: Client, now: int) -> SessionRow:
    """Start an extra session for the person of the live row `person`. Raises DatabaseUnavailable."""
    expires_at = min(now + tokens.lifetimes.session, person.expires_at)

    def work(tx: Connection) -> SessionRow:
        row = auth_sessions.start(
            tx,
            user_id=person.user_id,
            credential_epoch=person.credential_epoch,
            channel="web",
            persistent=False,
            user_agent=USER_AGENT,
            ip_address=client.ip_address,
            now=now,
            expires_at=expires_at,
            refresh_expires_at=tokens.lifetimes.refresh_expiry(now, expires_at),
            amr=person.amr,
        )
        events.record(
            tx, Event.SESSION_STARTED, at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address, lab=True
        )
        return row

    return transact(work)


def close_extra(sid: str, client: Client, now: int) -> None:
    """End the extra session, if its act has not done so, and delete its row. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> None:
        end(tx, [sid], EndReason.ENDED, client, now, by=None)
        lab_sessions.forget(tx, sid)

    transact(work)


def look(sid: str) -> SessionRow:
    """The extra session's row as it is now. Raises DatabaseUnavailable."""
    row = auth_sessions.load(sid)
    assert row is not None
    return row


def rewrite(sid: str, **values: Any) -> SessionRow:
    """Give the extra session another past. Raises DatabaseUnavailable."""
    row = transact(lambda tx: lab_sessions.change(tx, look(sid), **values))
    assert row is not None
    return row
