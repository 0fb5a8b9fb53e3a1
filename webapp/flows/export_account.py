"""What is kept about a person, as one document. No hash, no secret, no token."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.flows.client import Client
from webapp.store import addresses, events, factors, mails, passkeys, session_list
from webapp.store.addresses import Contact
from webapp.store.database import transact

AT_MOST = {"sessions": 1000, "events": 10_000, "mails": 1000}
"""Entries of each list, the newest. An account of years must not become a request of minutes."""


def export_account(user_id: str, sid: str, *, client: Client, now: int) -> dict[str, Any] | None:
    """Profile, sessions, factors, events and mails (kind and dates), or None: the account was deleted meanwhile.

    `at_most` says how long each list can be, and `older_left_out` names the lists that were longer. Recorded as an
    event. Raises DatabaseUnavailable.
    """

    def work(tx: Connection) -> dict[str, Any] | None:
        person = addresses.get(tx, user_id)
        if person is None:
            return None
        more = {name: most + 1 for name, most in AT_MOST.items()}
        lists = {
            "sessions": [
                _session(row) for row in session_list.of_user(tx, user_id, ended_since=0, limit=more["sessions"])
            ],
            "events": [
                {"at": row.at, "event": row.event, "sid": row.sid, "ip": row.ip_address, "detail": row.detail}
                for row in events.newest(tx, user_id, limit=more["events"])
            ],
            "mails": [
                {"kind": row.kind, "address": row.address, "created_at": row.created_at, "sent_at": row.sent_at}
                for row in mails.of_person(tx, user_id, limit=more["mails"])
            ],
        }
        events.record(tx, Event.ACCOUNT_EXPORTED, at=now, user_id=user_id, sid=sid, ip_address=client.ip_address)
        return {
            "exported_at": now,
            "at_most": AT_MOST,
            "older_left_out": [name for name, found in lists.items() if len(found) > AT_MOST[name]],
            "profile": _profile(person),
            "factors": _factors(tx, user_id),
            **{name: found[: AT_MOST[name]] for name, found in lists.items()},
        }

    return transact(work)


def _profile(person: Contact) -> dict[str, Any]:
    return {
        "id": person.id,
        "username": person.username,
        "email": person.email,
        "email_verified_at": person.email_verified_at,
        "name": person.name,
        "role": person.role,
        "language": person.language,
        "theme": person.theme,
        "created_at": person.created_at,
    }


def _factors(tx: Connection, user_id: str) -> list[dict[str, Any]]:
    app = factors.app_of(tx, user_id)
    found = [("totp", "", app.created_at, app.last_used_at)] if app else []
    found += [("passkey", key.name, key.created_at, key.last_used_at) for key in passkeys.of_person(tx, user_id)]
    return [dict(zip(("kind", "name", "created_at", "last_used_at"), factor, strict=True)) for factor in found]


def _session(row: session_list.ListedSession) -> dict[str, Any]:
    return {
        "id": row.sid,
        "channel": row.channel,
        "amr": row.amr.split(),
        "user_agent": row.user_agent,
        "ip": row.ip_address,
        "created_at": row.created_at,
        "last_seen_at": row.last_seen_at,
        "expires_at": row.expires_at,
        "persistent": bool(row.persistent),
        "revoked_at": row.revoked_at,
        "revoked_reason": row.revoked_reason,
    }
