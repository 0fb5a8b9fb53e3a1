"""Choose a new password with a link from a mail. Looking at the link uses nothing up; choosing uses it once.

Nobody is logged in by it, and no second factor is removed, because a mailbox alone opens no account that asks for more.
"""

from __future__ import annotations

import hmac
import re

from sqlalchemy import Connection

from webapp.core.errors import TokenroomError
from webapp.core.events import Event
from webapp.core.mail import LINKS, MailKind, hash_link_secret
from webapp.core.passwords import hash_password, refuse_weak
from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.end_sessions import end_with_credentials
from webapp.flows.notify import queue_notice
from webapp.store import addresses, events, mail_secrets, mails
from webapp.store.addresses import Contact
from webapp.store.database import read, transact
from webapp.store.mails import MailRow

_TOKEN = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


class LinkOver(TokenroomError):
    """The link was used, ran out, or was overtaken by a newer link, another password or another address."""


def is_link_token(text: str) -> bool:
    """Could this be the token of a link? Asked before anything is done with it."""
    return _TOKEN.fullmatch(text) is not None


def owner_of_link(token: str, *, now: int) -> Contact:
    """Whose password this link may change. Uses nothing up. Raises LinkOver or DatabaseUnavailable."""
    return read(lambda tx: _find(tx, token, now))[1]


def reset_password(token: str, new: str, *, client: Client, now: int) -> None:
    """Use the link up: set the password, confirm the address, end every session.

    Raises FieldError("new_password", …) with the link still good, LinkOver or DatabaseUnavailable. Of many uses at the
    same moment one wins.
    """
    person = owner_of_link(token, now=now)
    refuse_weak("new_password", new, person.username, person.email, person.name)
    new_hash = hash_password(new)  # never inside the transaction

    def work(tx: Connection) -> None:
        locked = addresses.lock(tx, person.id)
        mail, _person = _find(tx, token, now)
        if locked is None or not mail_secrets.use(tx, mail.id, credential_epoch=locked.credential_epoch, now=now):
            raise LinkOver("this link is no longer good")
        end_with_credentials(tx, locked.id, EndReason.PASSWORD, client, now, by=None, password_hash=new_hash)
        if mail_secrets.HANDED not in mail.detail:
            addresses.confirm(tx, locked.id, mail.address, now)
        events.record(tx, Event.PASSWORD_RESET, at=now, user_id=locked.id, ip_address=client.ip_address)
        queue_notice(tx, locked, MailKind.PASSWORD, client, now)

    transact(work)


def _find(tx: Connection, token: str, now: int) -> tuple[MailRow, Contact]:
    """The mail and its person, if the link is good. Raises LinkOver."""
    match = _TOKEN.fullmatch(token)
    mail = mails.get(tx, match[1]) if match else None
    if match is None or mail is None or mail.kind not in LINKS or mail.user_id is None:
        raise LinkOver("there is no such link")
    is_right = hmac.compare_digest(hash_link_secret(match[2]), mail.secret_hash or "")
    person = addresses.get(tx, mail.user_id)
    if person is None or person.disabled_at is not None or not is_right:
        raise LinkOver("there is no such link")
    is_over = mail.used_at is not None or mail.expires_at is None or now >= mail.expires_at
    newest = mail_secrets.newest(tx, person.id, MailKind(mail.kind))
    is_overtaken = mail.credential_epoch != person.credential_epoch or newest is None or newest.id != mail.id
    if is_over or is_overtaken or mail.address != person.email:
        raise LinkOver("this link is no longer good")
    return mail, person
