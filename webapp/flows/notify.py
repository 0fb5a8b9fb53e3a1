"""Tell a person by mail that something happened to their account. Part of that event's transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.devices import recognise, shortened
from webapp.core.mail import MailKind
from webapp.flows.client import Client
from webapp.store import addresses, mails
from webapp.store.addresses import Contact

FAMILIAR = frozenset(
    {
        *("Chrome", "Edge", "Firefox", "KakaoTalk", "NAVER", "Opera", "Safari", "Samsung Internet", "Whale"),
        *("Android", "Chrome OS", "Fedora", "iOS", "iPadOS", "Linux", "macOS", "Ubuntu", "Windows"),
    }
)
"""Browsers and systems that a mail names."""


def notify(tx: Connection, user_id: str, kind: MailKind, client: Client, now: int, **detail: str | int) -> None:
    """Queue a notice, if the user's address is confirmed. Strangers must not read about a user's devices."""
    person = addresses.hold(tx, user_id) if mails.is_on(tx) else None
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
    """Browser and system, if both are familiar; as much of it as is, or "".

    A user agent is a stranger's text, and a recogniser's result may be one, too. Only names that stand in this file
    travel under our name.
    """
    device = recognise(user_agent)
    return " · ".join(name for name in (device.browser, device.system) if name in FAMILIAR)
