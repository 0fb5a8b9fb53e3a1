"""Log out: both tokens, at once, everywhere."""

from __future__ import annotations

from webapp.core.session import Channel, EndReason
from webapp.core.tokens import Tokens
from webapp.flows.client import Client
from webapp.flows.end_sessions import end
from webapp.store.database import transact


def log_out(
    tokens: Tokens, access: str | None, refresh: str | None, channel: Channel, client: Client, now: int
) -> None:
    """End every session that an authentic token names, expired ones included; of a mixed pair both.

    Doing it twice is fine. Raises DatabaseUnavailable, and then nothing has ended.
    """
    verdicts = (tokens.verify_access(access, channel, now), tokens.verify_refresh(refresh, channel, now))
    sids = {verdict.claims.sid for verdict in verdicts if verdict.claims}
    if sids:
        transact(lambda tx: end(tx, sids, EndReason.LOGOUT, client, now, by=None))
