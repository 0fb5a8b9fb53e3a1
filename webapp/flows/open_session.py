"""Begin a session for a user who has just proved who they are. Part of login, sign-up and password change."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.freshness import PASSWORD
from webapp.core.session import EndReason, SessionRow
from webapp.flows.arrival import Arrival
from webapp.flows.end_sessions import end
from webapp.store import auth_sessions, events, session_list

MAX_LIVE_SESSIONS = 20
"""Live sessions a person may have per channel, so a job that logs in on every run ends none of their browsers'."""

MOMENTS = 30
"""Seconds within which a form that comes again is a second click, or a reload, and no new decision."""


def open_session(
    tx: Connection, arrival: Arrival, *, user_id: str, credential_epoch: int, amr: str = PASSWORD
) -> SessionRow:
    """Start a session; end the ones this client presented (`replaced`).

    Beyond 20 live sessions of the channel the least recently used end, too (`limit`).
    `amr` says how the person proved who they are.
    The caller holds the user's row, so that parallel logins count one after another.
    """
    client, now, lifetimes = arrival.client, arrival.now, arrival.lifetimes
    expires_at = now + lifetimes.session
    end(tx, arrival.presented, EndReason.REPLACED, client, now, by=user_id)
    row = auth_sessions.start(
        tx,
        sid=_free_sid(tx, arrival, user_id),
        user_id=user_id,
        credential_epoch=credential_epoch,
        channel=arrival.channel,
        persistent=arrival.persistent,
        user_agent=client.user_agent,
        ip_address=client.ip_address,
        now=now,
        expires_at=expires_at,
        refresh_expires_at=lifetimes.refresh_expiry(now, expires_at),
        amr=amr,
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


def session_of_form(tx: Connection, arrival: Arrival, user_id: str) -> SessionRow | None:
    """The session that this very form has started for this person, moments ago; None if there is none.

    For the second of two clicks. The browser shows the answer to the last one, and forgets that to the first. The
    caller has checked the password once more, since a copy of a browser's cookies can come with its form.
    Not where the request presents that session, because then the first answer did arrive, and this is no second click.
    """
    sid = _sid_of_form(arrival, user_id)
    if sid is None or sid in arrival.presented:
        return None
    row = auth_sessions.reload(tx, sid)
    is_first = row is not None and row.refresh_generation == 0 and arrival.now - row.created_at <= MOMENTS
    return row if row is not None and is_first and row.is_live(arrival.now) else None


def _free_sid(tx: Connection, arrival: Arrival, user_id: str) -> str | None:
    """The id for a new session of this form; None (a random one) without a form, and where the form has had one."""
    sid = _sid_of_form(arrival, user_id)
    return None if sid is None or auth_sessions.reload(tx, sid) is not None else sid


def _sid_of_form(arrival: Arrival, user_id: str) -> str | None:
    # `form` is a keyed hash of a random text. An id made of it is as hard to guess as a random one, and two workers
    # that handle two clicks make the same.
    if not arrival.form:
        return None
    return hashlib.blake2b(f"{arrival.form} {user_id}".encode(), digest_size=16).hexdigest()
