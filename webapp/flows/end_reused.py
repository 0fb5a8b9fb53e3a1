"""End a session whose refresh token was reused (RFC 9700 section 4.14.2)."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.judgement import Judgement
from webapp.core.mail import MailKind
from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.notify import notify
from webapp.store import addresses, auth_sessions, events
from webapp.store.database import transact


def end_reused(judgement: Judgement, client: Client, now: int) -> None:
    """End the session at `now` (Unix seconds) and record it, once however many requests come.

    Committed before anything else happens to the request, because nothing that fails later may bring the session back.
    Raises DatabaseUnavailable.
    """
    row = judgement.row
    assert row is not None

    def work(tx: Connection) -> None:
        addresses.hold(tx, row.user_id)  # before the session, because a deletion takes both in this order, too
        if auth_sessions.revoke(tx, row.sid, EndReason.REUSE, now):
            events.record(
                tx, Event.REFRESH_REUSED, at=now, user_id=row.user_id, sid=row.sid, ip_address=client.ip_address
            )
            # An act of the lab is no theft. It must not use up the day's notices either. A thief could play it in a
            # stolen session until the mail about the real theft is withheld.
            if not events.lab_sids(tx, row.user_id, [row.sid]):
                notify(tx, row.user_id, MailKind.REUSE, client, now)

    transact(work)
