"""Prove with a passkey who the user is: to log in, as the second step, within a session.

check   outside any transaction: does the browser's answer prove it? (WebAuthn Level 3 section 7.2)
use     in the transaction of what it opens: its challenge counts once, and the passkey's counter is noted
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core import ceremony
from webapp.core.ceremony import Ceremony, Refused, Site, Used
from webapp.core.events import Event
from webapp.core.lifetimes import SKEW
from webapp.flows.client import Client
from webapp.store import events, passkeys, spent
from webapp.store.database import read
from webapp.store.passkeys import Passkey

PASSKEY = "passkey"
"""The kind of this factor, in events, mails and metrics."""


class Presented(NamedTuple):
    """What a form brings. The ceremony's own signature, purpose, binding and age were checked when it was read."""

    answer: str
    """The browser's answer, as JSON."""
    ceremony: Ceremony
    site: Site


class Proof(NamedTuple):
    """An answer that is right, and not used up yet."""

    passkey: Passkey
    credential_epoch: int
    """Of its person, when the passkey was read."""
    used: Used
    ceremony: Ceremony

    @property
    def user_id(self) -> str:
        return self.passkey.user_id

    @property
    def counter_stands(self) -> bool:
        """Has the authenticator's counter failed to rise? It is told and never refused (WebAuthn section 6.1.1).

        Synced passkeys stay at 0, and some fall back to it.
        """
        stored, told = self.passkey.sign_count, self.used.sign_count
        return told <= stored and (told, stored) != (0, 0)


def check(presented: Presented, *, of: str | None = None) -> Proof:
    """Check the answer. `of` is the person it has to be; None: anybody, whom the answer then has to name itself.

    Raises Refused or DatabaseUnavailable.
    """
    answer = ceremony.read_answer(presented.answer)
    credential_id = ceremony.credential_id_of(answer)
    found = read(lambda tx: passkeys.find(tx, credential_id))
    if found is None:
        raise Refused("refused", "nobody has this passkey")
    passkey = found.passkey
    if passkey.rp_id != presented.site.rp_id:
        raise Refused("refused", "the passkey belongs to another name")
    if of not in (None, passkey.user_id):
        raise Refused("refused", "the passkey belongs to another user")
    used = ceremony.verify_use(
        answer,
        presented.ceremony,
        presented.site,
        public_key=found.public_key,
        user_id=passkey.user_id,
        needs_handle=of is None,
    )
    return Proof(passkey, found.credential_epoch, used, presented.ceremony)


def use(tx: Connection, proof: Proof, client: Client, now: int) -> None:
    """Use the answer up. The person's row is held.

    Raises Refused if another request was faster, or the passkey was removed meanwhile.
    """
    spend(tx, proof.ceremony)
    if not passkeys.note_use(tx, proof.passkey.id, proof.used, now):
        raise Refused("refused", "the passkey was removed meanwhile")
    if proof.counter_stands:
        events.record(
            tx,
            Event.PASSKEY_COUNTER,
            at=now,
            user_id=proof.user_id,
            ip_address=client.ip_address,
            stored=proof.passkey.sign_count,
            told=proof.used.sign_count,
        )


def spend(tx: Connection, used: Ceremony) -> None:
    """Let the challenge of this ceremony count once. Raises Refused."""
    # Kept for longer than it counts, because `purge` may run on a host whose clock is ahead.
    if not spent.use(tx, used.challenge, used.began_at + ceremony.LIFE + SKEW):
        raise Refused("refused", "the challenge was answered before")
