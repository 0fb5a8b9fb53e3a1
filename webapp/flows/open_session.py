"""Begin a session for somebody who has just proved who they are. Part of log-in, sign-up and password change."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.session import EndReason, SessionRow
from webapp.flows.arrival import Arrival
from webapp.flows.end_sessions import end
from webapp.store import auth_sessions, events, session_list

MAX_LIVE_SESSIONS = 20
"""Live sessions a person may have per channel: so a job that logs in on every run ends none of their browsers'."""


def open_session(
    tx: Connection, lifetimes: Lifetimes, arrival: Arrival, *, user_id: str, credential_epoch: int
) -> SessionRow:
    """Start a session; end the ones this client presented (`replaced`).

    Beyond 20 live sessions of the channel the least recently used end, too (`limit`).

    The caller holds the user's row, so that parallel logins count one after another.
    """
    client, now = arrival.client, arrival.now
    expires_at = now + lifetimes.session
    end(tx, arrival.presented, EndReason.REPLACED, client, now, by=user_id)
    row = auth_sessions.start(
        tx,
        user_id=user_id,
        credential_epoch=credential_epoch,
        channel=arrival.channel,
        persistent=arrival.persistent,
        user_agent=client.user_agent,
        ip_address=client.ip_address,
        now=now,
        expires_at=expires_at,
        refresh_expires_at=lifetimes.refresh_expiry(now, expires_at),
    )
    others = [sid for sid in session_list.live_sids(tx, user_id, now, arrival.channel) if sid != row.sid]
    end(tx, others[MAX_LIVE_SESSIONS - 1 :], EndReason.LIMIT, client, now, by=user_id)
    events.record(
        tx,
        Event.SESSION_STARTED,
        at=now,
        user_id=user_id,
        sid=row.sid,
        ip_address=client.ip_address,
        channel=arrival.channel,
        persistent=arrival.persistent,
    )
    return row
