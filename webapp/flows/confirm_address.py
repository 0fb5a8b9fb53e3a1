"""Confirm an email address: a code is mailed, and a user who is logged in types it.

A code and not a link, because the session proves the account, the mailbox proves the address, and both are needed. A
stranger may have signed up with your address; a click of yours must not confirm the stranger's account.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core.errors import FieldError
from webapp.core.events import Event
from webapp.core.mail import CODE_TRIES, MailKind, typed_code
from webapp.core.passwords import verify_password
from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.end_sessions import end_with_credentials
from webapp.flows.notify import queue_notice
from webapp.store import addresses, auth_sessions, events, mail_secrets, mails
from webapp.store.addresses import Contact
from webapp.store.database import read, transact
from webapp.store.mails import MailRow


class AddressState(NamedTuple):
    """When the present address was confirmed (Unix seconds; None: it is not), and whether a code is awaited."""

    verified_at: int | None
    awaits_code: bool


def look_up(user_id: str, now: int) -> AddressState:
    """What the page shows. Raises DatabaseUnavailable."""

    def work(tx: Connection) -> AddressState:
        person = addresses.get(tx, user_id)
        if person is None:
            return AddressState(None, awaits_code=False)
        return AddressState(person.email_verified_at, _awaited_at(tx, person, now) is not None)

    return read(work)


def is_code_on_its_way(person: Contact, now: int) -> bool:
    """Whether the code that this person would have to type now is one for their present address."""
    return read(lambda tx: _awaited_at(tx, person, now)) == person.email


def _awaited_at(tx: Connection, person: Contact, now: int) -> str | None:
    return mail_secrets.awaited_at(tx, person.id, MailKind.CODE, credential_epoch=person.credential_epoch, now=now)


def send_code(user_id: str, *, now: int) -> None:
    """Mail a code to the person's own address, confirmed or not. Raises DatabaseUnavailable."""
    transact(lambda tx: queue_code(tx, addresses.hold(tx, user_id), None, now))


def ask_change(user_id: str, sid: str, new: str, *, client: Client, now: int) -> None:
    """Mail a code to the new address, and tell the old one. `new` is in its normal form.

    If another account has confirmed the new address, it gets a word instead of a code; the answer is the same.
    Raises FieldError("email", "same") or DatabaseUnavailable.
    """

    def work(tx: Connection) -> None:
        person = addresses.hold(tx, user_id)
        if person is None:
            return
        if person.email == new:
            raise FieldError("email", "same")
        if addresses.is_confirmed_elsewhere(tx, new, user_id):
            mails.queue(tx, MailKind.TAKEN, address=new, language=person.language, now=now)
        else:
            queue_code(tx, person, new, now)
        if person.is_confirmed:
            queue_notice(tx, person, MailKind.ADDRESS_ASKED, client, now)
        events.record(tx, Event.EMAIL_CHANGE_ASKED, at=now, user_id=user_id, sid=sid, ip_address=client.ip_address)

    transact(work)


def queue_code(tx: Connection, person: Contact | None, new: str | None, now: int) -> None:
    """Mail a code to `new`, or else to the person's own address. Nothing for nobody."""
    if person is not None:
        mails.queue(
            tx,
            MailKind.CODE,
            address=new or person.email,
            language=person.language,
            user_id=person.id,
            credential_epoch=person.credential_epoch,
            now=now,
        )


class CodeWrong(FieldError):
    """The code is not the one that was mailed last. `left`: how many tries it still takes."""

    def __init__(self, left: int) -> None:
        super().__init__("code", "wrong" if left else "used_up")
        self.left = left


def enter_code(user_id: str, typed: str, *, sid: str, client: Client, now: int) -> bool:
    """Compare a typed code with the newest one that was mailed, and do what it was mailed for.

    True if the address changed (then other sessions end), False if the present one was confirmed. Raises CodeWrong,
    FieldError("email", "taken") or DatabaseUnavailable.
    """
    mail = check_code(user_id, typed, now)
    return transact(lambda tx: _accept(tx, user_id, mail, sid, client, now))


def check_code(user_id: str, typed: str, now: int) -> MailRow:
    """The mail whose code this is; it is not used up yet. Raises CodeWrong or DatabaseUnavailable.

    Every try is counted before the code is compared, and the hash is computed outside the transaction.
    """
    mail = transact(lambda tx: _try(tx, user_id, now))
    digits = typed_code(typed)
    if mail is None:
        # No hash, because it is the one thing here that costs and nothing else limits it. The page says whether a code
        # is due.
        raise CodeWrong(0)
    if digits is None or not verify_password(mail.secret_hash, digits):
        raise CodeWrong(CODE_TRIES - mail.tries)
    return mail


def is_code_used_moments_ago(user_id: str, typed: str, now: int, *, moments: int) -> bool:
    """Whether this is the newest code, used up no longer than `moments` seconds ago: perhaps by another click."""
    mail = read(lambda tx: mail_secrets.newest(tx, user_id, MailKind.CODE))
    if mail is None or mail.used_at is None or now - mail.used_at > moments:
        return False
    return verify_password(mail.secret_hash, typed_code(typed) or "none")


def confirm_present(
    tx: Connection, person: Contact, mail: MailRow, *, sid: str | None, client: Client, now: int
) -> None:
    """Use up a checked code for the present address of `person`, whose row is held. Raises CodeWrong."""
    if mail.address != person.email:
        raise CodeWrong(0)
    if not mail_secrets.use(tx, mail.id, credential_epoch=person.credential_epoch, now=now):
        raise CodeWrong(0)
    addresses.confirm(tx, person.id, person.email, now)
    events.record(tx, Event.EMAIL_CONFIRMED, at=now, user_id=person.id, sid=sid, ip_address=client.ip_address)


def _try(tx: Connection, user_id: str, now: int) -> MailRow | None:
    """The newest code that may still be typed, this try counted; None if there is none."""
    mail = mail_secrets.newest(tx, user_id, MailKind.CODE)
    person = addresses.get(tx, user_id)
    if mail is None or person is None or mail.used_at is not None or now >= (mail.expires_at or 0):
        return None
    if mail.credential_epoch != person.credential_epoch or not mail_secrets.count_try(tx, mail.id):
        return None
    return mail._replace(tries=mail.tries + 1)


def _accept(tx: Connection, user_id: str, mail: MailRow, sid: str, client: Client, now: int) -> bool:
    person = addresses.lock(tx, user_id)
    if person is None:
        raise CodeWrong(0)
    if mail.address == person.email:
        confirm_present(tx, person, mail, sid=sid, client=client, now=now)
        return False
    if not mail_secrets.use(tx, mail.id, credential_epoch=person.credential_epoch, now=now):
        raise CodeWrong(0)
    addresses.change(tx, user_id, mail.address, now)
    end_with_credentials(tx, user_id, EndReason.ADDRESS, client, now, by=user_id, keep=sid)
    auth_sessions.follow_epoch(tx, sid)
    events.record(tx, Event.EMAIL_CHANGED, at=now, user_id=user_id, sid=sid, ip_address=client.ip_address)
    for address in {person.email if person.is_confirmed else mail.address, mail.address}:
        queue_notice(tx, person._replace(email=address), MailKind.ADDRESS_CHANGED, client, now)
    return True
