"""End sessions: one, all others, all. Each takes effect on the very next request of that device."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.store import auth_sessions, events, session_list, users
from webapp.store.database import transact

EVERYONES_PATIENCE = 3600.0
"""Seconds that ending everybody's sessions may take."""
COMMAND_LINE = "command line"
"""Who did it, where it was an operator with a shell: stands in place of a user's id."""


def end(tx: Connection, sids: Collection[str], reason: EndReason, client: Client, now: int, *, by: str | None) -> int:
    """End these sessions, with one event for each that this call ended; how many those were.

    `by` is the id of the person who caused it.
    """
    ended = auth_sessions.revoke_all_of(tx, sids, reason, now)
    for sid, owner in auth_sessions.owners(tx, ended).items():
        detail = {"reason": reason} | ({"by": by} if by not in (None, owner) else {})
        events.record(tx, Event.SESSION_REVOKED, at=now, user_id=owner, sid=sid, ip_address=client.ip_address, **detail)
    return len(ended)


def end_one(sid: str, *, reason: EndReason, client: Client, now: int, owner: str | None = None, by: str) -> bool:
    """End one session of `owner` (None: of any user). False if there is no such session of theirs.

    `by` is the id of the person who asks. A session that is over already stays as it is. Raises DatabaseUnavailable.
    """

    def work(tx: Connection) -> bool:
        whose = session_list.owner(tx, sid)
        if whose is None or owner not in (None, whose):
            return False
        end(tx, [sid], reason, client, now, by=by)
        return True

    return transact(work)


def end_own(user_id: str, sid: str, *, current: str, client: Client, now: int) -> bool:
    """End a live session of the person who asks from session `current`. False if `sid` is none of theirs, or over.

    The reason is `logout` for the session that asks, `ended` for another one. Raises DatabaseUnavailable.
    """
    reason = EndReason.LOGOUT if sid == current else EndReason.ENDED

    def work(tx: Connection) -> bool:
        return sid in session_list.live_sids(tx, user_id, now) and end(tx, [sid], reason, client, now, by=user_id) == 1

    return transact(work)


def end_others(user_id: str, keep: str, *, client: Client, now: int) -> int:
    """End every session of a person but `keep`; how many those were. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> int:
        users.lock(tx, user_id)  # a login at the same moment comes wholly before or wholly after
        others = set(session_list.live_sids(tx, user_id, now)) - {keep}
        return end(tx, others, EndReason.ENDED, client, now, by=user_id)

    return transact(work)


def end_all(user_id: str, *, reason: EndReason, client: Client, now: int, by: str) -> int:
    """End every session of a person, logins in flight included; how many those were. Raises DatabaseUnavailable."""
    return transact(lambda tx: end_all_in(tx, user_id, reason=reason, client=client, now=now, by=by))


def end_all_in(tx: Connection, user_id: str, *, reason: EndReason, client: Client, now: int, by: str) -> int:
    """The same within a transaction that does more."""
    users.lock(tx, user_id)
    return end_with_credentials(tx, user_id, reason, client, now, by=by)


def end_with_credentials(
    tx: Connection,
    user_id: str,
    reason: EndReason,
    client: Client,
    now: int,
    *,
    by: str | None,
    keep: str = "",
    password_hash: str | None = None,
) -> int:
    """Raise the credential epoch, which ends logins in flight, codes and links too; set another password hash if given.

    Every live session but `keep` ends; how many those were. The person's row is held.
    """
    # First, because with the new epoch none of them would be live, and none would get its reason.
    others = [sid for sid in session_list.live_sids(tx, user_id, now) if sid != keep]
    ended = end(tx, others, reason, client, now, by=by)
    users.change_credentials(tx, user_id, password_hash)
    return ended


def end_everyones(*, reason: EndReason, client: Client, now: int, by: str) -> int:
    """End every session there is, logins in flight included; about how many those were. Raises DatabaseUnavailable.

    One statement raises everybody's credential epoch, and one event tells of it. A row and a line for each session
    would take the better part of an hour for two million, while nobody is served.
    """
    living = session_list.estimate_live(now) or 0

    def work(tx: Connection) -> None:
        users.change_everyones_credentials(tx)
        events.record(
            tx,
            Event.SESSION_REVOKED,
            at=now,
            user_id=None,
            ip_address=client.ip_address,
            reason=reason,
            by=by,
            everyone=True,
            sessions=living,
        )

    transact(work, patience=EVERYONES_PATIENCE)
    return living
