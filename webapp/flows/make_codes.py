"""New recovery codes for a person who has a second factor."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.events import Event
from webapp.core.mail import MailKind
from webapp.core.session import SessionRow
from webapp.flows.client import Client
from webapp.flows.notify import notify
from webapp.flows.own_factors import live_person
from webapp.flows.prove_factor import Count, new_codes
from webapp.store import events, factors
from webapp.store.database import transact


def make_codes(session: SessionRow, *, count: Count, client: Client, now: int) -> list[str]:
    """Ten new recovery codes; the earlier ones no longer work. Empty if the person has no factor.

    Raises TooManyTries, SessionOver or DatabaseUnavailable.
    """
    shown, hashes = new_codes(session.user_id, count)

    def work(tx: Connection) -> list[str]:
        person = live_person(tx, session, now)
        if not factors.of_person(tx, person.id).any:
            return []
        factors.set_codes(tx, person.id, hashes)
        events.record(tx, Event.CODES_MADE, at=now, user_id=person.id, sid=session.sid, ip_address=client.ip_address)
        notify(tx, person.id, MailKind.CODES_MADE, client, now)
        return shown

    return transact(work)
