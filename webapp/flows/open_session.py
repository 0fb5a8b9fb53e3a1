"""Begin a session for somebody who has just proved who they are. Part of log-in, sign-up and password change."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.lifetimes import Lifetimes
from webapp.core.session import EndReason, SessionRow
from webapp.flows.arrival import Arrival
from webapp.flows.client import Client
from webapp.store import auth_sessions, events
from webapp.store.auth_sessions import MAX_LIVE_SESSIONS


def open_session(
    tx: Connection, lifetimes: Lifetimes, arrival: Arrival, *, user_id: str, credential_epoch: int
) -> SessionRow:
    """Start a session; end the ones this client presented (`replaced`) and the oldest beyond 20 (`limit`).

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
    others = [sid for sid in auth_sessions.live_sids(tx, user_id, now) if sid != row.sid]
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


def end(tx: Connection, sids: Collection[str], reason: EndReason, client: Client, now: int, *, by: str | None) -> int:
    """End these sessions, with one event for each that this call ended; how many those were.

    `by` is the id of the person who caused it.
    """
    ended = auth_sessions.revoke_all_of(tx, sids, reason, now)
    for sid, owner in auth_sessions.owners(tx, ended).items():
        detail = {"reason": reason} | ({"by": by} if by not in (None, owner) else {})
        events.record(tx, Event.SESSION_REVOKED, at=now, user_id=owner, sid=sid, ip_address=client.ip_address, **detail)
    return len(ended)
