"""End one of one's own sessions, this one or another."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.open_session import end
from webapp.store import auth_sessions
from webapp.store.database import transact


def end_own_session(user_id: str, sid: str, client: Client, now: int) -> bool:
    """End session `sid` if it is live and this person's. False where it is not. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> bool:
        row = auth_sessions.reload(tx, sid)
        if row is None or row.user_id != user_id or not row.is_live(now):
            return False
        return end(tx, [sid], EndReason.ENDED, client, now, by=user_id) == 1

    return transact(work)
