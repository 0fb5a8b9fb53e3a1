"""Enter the lab as a guest: a real account with a made-up name, no password, and an end."""

from __future__ import annotations

import secrets
from dataclasses import replace

from sqlalchemy import Connection

from webapp.core.lifetimes import DAY
from webapp.core.passwords import NO_PASSWORD
from webapp.core.session import SessionRow
from webapp.flows.arrival import Arrival
from webapp.flows.open_session import open_session
from webapp.flows.sign_up import NewAccount, create_account
from webapp.store import guests
from webapp.store.database import transact

STAYS = DAY
"""Seconds until the account is deleted. Its session ends with it at the latest."""

NOWHERE = "guest.invalid"
"""Domain of guests' addresses. RFC 2606 section 2 keeps it from ever existing, so no mail finds anybody."""


def enter_as_guest(arrival: Arrival, *, language: str, theme: str) -> SessionRow:
    """Create the account and start its session. Raises DatabaseUnavailable."""
    name = f"guest-{secrets.token_hex(5)}"
    account = NewAccount(name, f"{name}@{NOWHERE}", "", NO_PASSWORD, language, theme)
    lifetimes = arrival.lifetimes
    arrival = arrival._replace(lifetimes=replace(lifetimes, session=min(lifetimes.session, STAYS)))

    def work(tx: Connection) -> SessionRow:
        user_id = create_account(tx, account, arrival.client, arrival.now, guest="yes")
        guests.mark(tx, user_id, arrival.now + STAYS)
        return open_session(tx, arrival, user_id=user_id, credential_epoch=0, amr="")  # nothing was proved

    return transact(work)
