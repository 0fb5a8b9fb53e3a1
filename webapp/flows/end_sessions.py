"""End sessions: one, all others, all. Each takes effect on the very next request of that device."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.open_session import end
from webapp.store import auth_sessions, session_list, users
from webapp.store.database import read, transact

COMMAND_LINE = "command line"
"""Who did it, where it was an operator with a shell: stands in place of a user's id."""


def end_one(sid: str, *, reason: EndReason, client: Client, now: int, owner: str | None = None, by: str) -> bool:
    """End one session of `owner` (None: of anybody). False if there is no such session of theirs.

    `by` is the id of the person who asks. A session that is over already stays as it is. Raises DatabaseUnavailable.
    """

    def work(tx: Connection) -> bool:
        whose = session_list.owner(tx, sid)
        if whose is None or owner not in (None, whose):
            return False
        end(tx, [sid], reason, client, now, by=by)
        return True

    return transact(work)


def end_others(user_id: str, keep: str, *, client: Client, now: int) -> int:
    """End every session of a person but `keep`; how many those were. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> int:
        users.lock(tx, user_id)  # a log-in at the same moment comes wholly before or wholly after
        others = set(auth_sessions.live_sids(tx, user_id, now)) - {keep}
        return end(tx, others, EndReason.ENDED, client, now, by=user_id)

    return transact(work)


def end_all(user_id: str, *, reason: EndReason, client: Client, now: int, by: str) -> int:
    """End every session of a person, log-ins in flight included; how many those were. Raises DatabaseUnavailable."""
    return transact(lambda tx: end_all_in(tx, user_id, reason=reason, client=client, now=now, by=by))


def end_all_in(tx: Connection, user_id: str, *, reason: EndReason, client: Client, now: int, by: str) -> int:
    """The same within a transaction that does more."""
    users.lock(tx, user_id)
    ended = end(tx, auth_sessions.live_sids(tx, user_id, now), reason, client, now, by=by)
    users.change_credentials(tx, user_id)
    return ended


def end_everybodys(*, reason: EndReason, client: Client, now: int, by: str) -> int:
    """End every session there is, one person after another; how many those were. Raises DatabaseUnavailable."""
    ended = 0
    for user_id in read(lambda tx: session_list.people_logged_in(tx, now)):
        ended += end_all(user_id, reason=reason, client=client, now=now, by=by)
    return ended
