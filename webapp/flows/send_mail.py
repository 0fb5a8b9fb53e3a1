"""Send what waits in the outbox: one round of a courier.

Many couriers may run at once. A mail is claimed by one conditional statement. Its secret is made and committed before
it is sent, because a mail that arrives must work. Its result is noted before the next one, so that a killed courier
sends at most one mail twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from email.message import EmailMessage
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from webapp.core import mail as rules
from webapp.core.errors import MailDelayed, MailRefused, MailServerAway
from webapp.core.events import Event
from webapp.core.mail import LINKS, NOTICES, MailKind
from webapp.core.passwords import hash_password
from webapp.store import events, mail_delivery, mail_secrets
from webapp.store.database import read, transact
from webapp.store.mails import MailRow


class Result(StrEnum):
    """What became of a mail in this round."""

    SENT = "sent"
    DELAYED = "delayed"
    FAILED = "failed"
    DROPPED = "dropped"
    """Nobody was meant, or the person has had enough mails of this kind."""


class Carrier(Protocol):
    """A connection to a mail server, or to a folder."""

    def send(self, message: EmailMessage) -> None:
        """Hand one mail over. Raises MailRefused, MailDelayed or MailServerAway."""


class Post(Protocol):
    """How mail is written and carried."""

    def write(self, mail: MailRow, secret: str | None) -> EmailMessage:
        """The mail in the reader's language; `secret` is what its link or code is made of."""

    def connect(self) -> AbstractContextManager[Carrier]:
        """One connection for a round. Raises MailServerAway."""


Tell = Callable[[MailRow, Result], None]
"""Told of each mail, and what became of it."""


def send_waiting(post: Post, clock: Callable[[], int], tell: Tell, *, at_most: int = rules.ROUND) -> int:
    """Send what is due, at most so many mails; how many were taken in hand. Raises DatabaseUnavailable."""
    waiting = read(lambda tx: mail_delivery.due(tx, clock(), at_most))
    if not waiting:
        return 0
    try:
        with post.connect() as carrier:
            return _deliver_all(post, carrier, waiting, clock, tell)
    except MailServerAway:
        # Nobody could be reached, so the oldest mail waits a little longer, and with it goes the rest.
        return _postpone_all(waiting, clock, tell)


def _deliver_all(post: Post, carrier: Carrier, waiting: list[str], clock: Callable[[], int], tell: Tell) -> int:
    taken = 0
    for mail_id in waiting:
        mail = _claim(mail_id, clock())
        if mail is None:
            continue
        taken += 1
        try:
            result = _deliver(post, carrier, mail, clock)
        except MailServerAway:
            _postpone(mail, clock())
            tell(mail, Result.DELAYED)
            break
        tell(mail, result)
    return taken


def _postpone_all(waiting: list[str], clock: Callable[[], int], tell: Tell) -> int:
    taken = 0
    for mail_id in waiting:
        mail = _claim(mail_id, clock())
        if mail is None:
            continue
        taken += 1
        result = Result.DELAYED
        if not _drop_needless(mail, clock()):
            result = _postpone(mail, clock())
        tell(mail, result)
    return taken


def _claim(mail_id: str, now: int) -> MailRow | None:
    return transact(lambda tx: mail_delivery.claim(tx, mail_id, now))


def _deliver(post: Post, carrier: Carrier, mail: MailRow, clock: Callable[[], int]) -> Result:
    if _drop_needless(mail, clock()):
        return Result.DROPPED
    if _is_too_old(mail, clock()):
        return _give_up(mail, "too_old", clock())
    message = post.write(mail, _make_secret(mail, clock()))
    try:
        carrier.send(message)
    except MailRefused:
        return _give_up(mail, "refused", clock())
    except MailDelayed:
        return _postpone(mail, clock())
    transact(lambda tx: mail_delivery.mark_sent(tx, mail.id, clock()))
    return Result.SENT


def _drop_needless(mail: MailRow, now: int) -> bool:
    """Delete a mail to nobody, or one too many of its kind."""

    def work(tx: Connection) -> bool:
        if mail.address and not _is_one_too_many(tx, mail, now):
            return False
        mail_delivery.drop(tx, mail.id)
        return True

    return transact(work)


def _is_one_too_many(tx: Connection, mail: MailRow, now: int) -> bool:
    if mail.user_id is None:
        return False
    if mail.kind == MailKind.RESET:
        return mail_delivery.sent_since(tx, mail.user_id, mail.kind, now - rules.HOUR) >= rules.RESETS_AN_HOUR
    if mail.kind in NOTICES:
        return mail_delivery.sent_since(tx, mail.user_id, mail.kind, now - rules.DAY) >= rules.NOTICES_A_DAY
    return False


def _is_too_old(mail: MailRow, now: int) -> bool:
    return now - mail.created_at > rules.longest_wait(MailKind(mail.kind))


def _make_secret(mail: MailRow, now: int) -> str | None:
    """A new secret for this mail, its hash committed; None for a mail without one. An earlier one is dead."""
    kind = MailKind(mail.kind)
    if kind not in rules.SECRET_LIFE:
        return None
    if kind in LINKS:
        secret = rules.new_link_secret()
        secret_hash = rules.hash_link_secret(secret)
    else:
        secret = rules.new_code()
        secret_hash = hash_password(secret)  # eight digits are few, so the hash has to be slow (ASVS 6.5.2)
    expires_at = now + rules.SECRET_LIFE[kind]

    def work(tx: Connection) -> None:
        mail_secrets.set_secret(tx, mail.id, secret_hash, expires_at)
        if kind is MailKind.RESET and mail.secret_hash is None:
            # Here and not in the request, which costs the same whether the account exists or not.
            by = {"by": mail.detail["by"]} if "by" in mail.detail else {}
            events.record(tx, Event.RESET_ASKED, at=now, user_id=mail.user_id, **by)

    transact(work)
    return secret


def _postpone(mail: MailRow, now: int) -> Result:
    if _is_too_old(mail, now):
        return _give_up(mail, "too_old", now)
    transact(lambda tx: mail_delivery.postpone(tx, mail.id, now + rules.pause_after(mail.attempts)))
    return Result.DELAYED


def _give_up(mail: MailRow, why: str, now: int) -> Result:
    def work(tx: Connection) -> None:
        mail_delivery.give_up(tx, mail.id, now)
        events.record(tx, Event.MAIL_FAILED, at=now, user_id=mail.user_id, kind=mail.kind, why=why)

    transact(work)
    return Result.FAILED
