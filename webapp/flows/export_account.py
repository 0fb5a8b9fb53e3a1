"""Everything that is kept about a person, as one document. No hash, no secret, no token."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.flows.client import Client
from webapp.store import addresses, events, factors, mails, session_list
from webapp.store.database import transact

MAX_EVENTS = 10_000
"""Newest events in the document: an account of years must not become a request of minutes."""


def export_account(user_id: str, sid: str, *, client: Client, now: int) -> dict[str, Any] | None:
    """Profile, sessions, factors, events and mails (kind and dates), or None: the account was deleted meanwhile.

    Recorded as an event. Raises DatabaseUnavailable.
    """

    def work(tx: Connection) -> dict[str, Any] | None:
        person = addresses.get(tx, user_id)
        if person is None:
            return None
        document = {
            "exported_at": now,
            "profile": {
                "id": person.id,
                "username": person.username,
                "email": person.email,
                "email_verified_at": person.email_verified_at,
                "name": person.name,
                "role": person.role,
                "language": person.language,
                "theme": person.theme,
                "created_at": person.created_at,
            },
            "sessions": [_session(row) for row in session_list.of_user(tx, user_id, ended_since=0)],
            "factors": _factors(tx, user_id),
            "events": [
                {"at": row.at, "event": row.event, "sid": row.sid, "ip": row.ip_address, "detail": row.detail}
                for row in reversed(events.newest(tx, user_id, limit=MAX_EVENTS))
            ],
            "mails": [
                {"kind": row.kind, "address": row.address, "created_at": row.created_at, "sent_at": row.sent_at}
                for row in mails.of_person(tx, user_id)
            ],
        }
        events.record(tx, Event.ACCOUNT_EXPORTED, at=now, user_id=user_id, sid=sid, ip_address=client.ip_address)
        return document

    return transact(work)


def _factors(tx: Connection, user_id: str) -> list[dict[str, Any]]:
    app = factors.app_of(tx, user_id)
    if app is None:
        return []
    return [{"kind": "totp", "created_at": app.created_at, "last_used_at": app.last_used_at}]


def _session(row: session_list.ListedSession) -> dict[str, Any]:
    return {
        "id": row.sid,
        "channel": row.channel,
        "user_agent": row.user_agent,
        "ip": row.ip_address,
        "created_at": row.created_at,
        "last_seen_at": row.last_seen_at,
        "expires_at": row.expires_at,
        "persistent": bool(row.persistent),
        "revoked_at": row.revoked_at,
        "revoked_reason": row.revoked_reason,
    }
