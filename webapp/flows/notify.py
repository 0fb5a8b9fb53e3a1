"""Tell a person by mail that something happened to their account. Part of the transaction of what it tells of."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.devices import describe, shortened
from webapp.core.mail import MailKind
from webapp.flows.client import Client
from webapp.store import addresses, mails
from webapp.store.addresses import Contact

MAX_DEVICE_LENGTH = 60


def notify(tx: Connection, user_id: str, kind: MailKind, client: Client, now: int, **detail: str | int) -> None:
    """Queue a notice, if the user's address is confirmed. Strangers must not read about a user's devices."""
    person = addresses.get(tx, user_id)
    if person is not None and person.is_confirmed:
        queue_notice(tx, person, kind, client, now, **detail)


def queue_notice(
    tx: Connection,
    person: Contact,
    kind: MailKind,
    client: Client,
    now: int,
    **detail: str | int,
) -> None:
    """Queue a notice to `person.email`, with when, device and network. To another address: `person._replace(…)`."""
    mails.queue(
        tx,
        kind,
        address=person.email,
        language=person.language,
        user_id=None if kind is MailKind.DELETED else person.id,
        credential_epoch=person.credential_epoch,
        now=now,
        at=now,
        device=device_words(client.user_agent),
        network=shortened(client.ip_address),
        **detail,
    )


def device_words(user_agent: str) -> str:
    """Browser and system by their common names; "" for a name that could be a stranger's message.

    A user agent is a stranger's text: only letters, digits and spaces of it may travel under our name.
    """
    words = describe(user_agent)
    plain = words.replace(" ", "")
    return words if plain.isascii() and plain.isalnum() and len(words) <= MAX_DEVICE_LENGTH else ""
