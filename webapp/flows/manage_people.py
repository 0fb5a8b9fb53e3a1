"""What administrators do to accounts: disable, enable, change the role. Acts on the person's very next request."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from webapp.core.errors import TokenroomError
from webapp.core.events import Event
from webapp.core.mail import MailKind
from webapp.core.session import EndReason
from webapp.flows.client import Client
from webapp.flows.end_sessions import COMMAND_LINE, end_all_in
from webapp.flows.notify import notify
from webapp.flows.prove_factor import TOTP
from webapp.flows.prove_passkey import PASSKEY
from webapp.store import addresses, events, factors, guests, mails, passkeys, users
from webapp.store.database import transact
from webapp.store.users import Account

ROLES = ("user", "admin")


class NoSuchPerson(TokenroomError):
    """There is no account with this id."""


class LastAdmin(TokenroomError):
    """The last active administrator can be neither disabled nor demoted, because nobody could undo it."""


class OneSelf(TokenroomError):
    """An administrator does not do this to the own account."""


class GuestStaysUser(TokenroomError):
    """A guest of the lab is deleted after a day, and an administrator must not vanish by itself."""


class NotAdmin(TokenroomError):
    """The person who asks is no longer an administrator."""


def disable(user_id: str, *, by: str, client: Client, now: int) -> None:
    """Disable an account and end its sessions. Raises NoSuchPerson, LastAdmin, NotAdmin or DatabaseUnavailable."""

    def work(tx: Connection, person: Account) -> None:
        if person.disabled_at is not None:
            return
        end_all_in(tx, user_id, reason=EndReason.ADMIN, client=client, now=now, by=by)
        users.set_disabled(tx, user_id, now)
        events.record(tx, Event.ACCOUNT_DISABLED, at=now, user_id=user_id, ip_address=client.ip_address, by=by)

    _manage(user_id, work, by=by, weakens=True)


def enable(user_id: str, *, by: str, client: Client, now: int) -> None:
    """Let a disabled account log in again. Raises NoSuchPerson, NotAdmin or DatabaseUnavailable."""

    def work(tx: Connection, person: Account) -> None:
        if person.disabled_at is None:
            return
        users.set_disabled(tx, user_id, None)
        events.record(tx, Event.ACCOUNT_ENABLED, at=now, user_id=user_id, ip_address=client.ip_address, by=by)

    _manage(user_id, work, by=by, weakens=False)


def change_role(user_id: str, role: str, *, by: str, client: Client, now: int) -> None:
    """Give a user the role `user` or `admin`.

    Raises NoSuchPerson, LastAdmin, GuestStaysUser, NotAdmin or DatabaseUnavailable.
    """
    assert role in ROLES

    def work(tx: Connection, person: Account) -> None:
        if person.role == role:
            return
        if role == "admin" and guests.until(tx, user_id) is not None:
            raise GuestStaysUser("a guest of the lab cannot become an administrator")
        users.set_role(tx, user_id, role)
        change = {"from": person.role, "to": role, "by": by}
        events.record(tx, Event.ROLE_CHANGED, at=now, user_id=user_id, ip_address=client.ip_address, **change)

    _manage(user_id, work, by=by, weakens=role != "admin")


def send_reset(user_id: str, *, by: str, client: Client, now: int) -> None:
    """Mail a user a link to choose a new password. The courier writes the event, with `by`.

    Raises NoSuchPerson (a disabled account too), NotAdmin or DatabaseUnavailable.
    """

    def work(tx: Connection, person: Account) -> None:
        contact = addresses.get(tx, person.id)
        if contact is None or person.disabled_at is not None:
            raise NoSuchPerson("there is no such account")
        mails.queue(
            tx,
            MailKind.RESET,
            address=contact.email,
            language=contact.language,
            user_id=contact.id,
            credential_epoch=contact.credential_epoch,
            now=now,
            by=by,
        )

    _manage(user_id, work, by=by, weakens=False)


def confirm_email(user_id: str, *, by: str, client: Client, now: int) -> None:
    """Count a user's address as confirmed, on the word of `by`. Raises NoSuchPerson or DatabaseUnavailable."""

    def work(tx: Connection, person: Account) -> None:
        if addresses.confirm(tx, person.id, person.email, now):
            events.record(tx, Event.EMAIL_CONFIRMED, at=now, user_id=user_id, ip_address=client.ip_address, by=by)

    _manage(user_id, work, by=by, weakens=False)


def reset_factors(user_id: str, *, by: str, client: Client, now: int) -> None:
    """Remove every factor and recovery code of an account, and end its sessions.

    For a user who has lost them all. The password alone opens the account again. Raises NoSuchPerson, NotAdmin,
    OneSelf or DatabaseUnavailable.
    """
    if user_id == by:
        raise OneSelf("your own factors are removed on your own pages")

    def work(tx: Connection, _person: Account) -> None:
        has = factors.of_person(tx, user_id)
        if not has.any:
            return
        factors.remove_app(tx, user_id)
        passkeys.remove_all(tx, user_id)
        factors.remove_codes(tx, user_id)
        end_all_in(tx, user_id, reason=EndReason.ADMIN, client=client, now=now, by=by)
        events.record(tx, Event.FACTORS_RESET, at=now, user_id=user_id, ip_address=client.ip_address, by=by)
        for kind in ([TOTP] if has.has_app else []) + ([PASSKEY] if has.passkeys else []):
            notify(tx, user_id, MailKind.FACTOR_OFF, client, now, factor=kind)

    _manage(user_id, work, by=by, weakens=False)


def refuse_losing_the_last_admin(tx: Connection, user_id: str) -> None:
    """Raise LastAdmin if this person is the last active administrator. Their rows are held from here on."""
    if {account.id for account in users.lock_admins_and(tx, user_id) if account.is_active_admin} == {user_id}:
        raise LastAdmin("this is the last active administrator")


def _manage(user_id: str, work: Callable[[Connection, Account], None], *, by: str, weakens: bool) -> None:
    def locked(tx: Connection) -> None:
        # All administrators' rows, so that two of them who demote each other at the same moment are counted one
        # after the other.
        held = {account.id: account for account in users.lock_admins_and(tx, user_id)}
        person = held.get(user_id)
        if person is None:
            raise NoSuchPerson("there is no such account")
        admins = {account.id for account in held.values() if account.is_active_admin}
        if by != COMMAND_LINE and by not in admins:
            raise NotAdmin("you are no longer an administrator")
        if weakens and admins == {user_id}:
            raise LastAdmin("this is the last active administrator")
        work(tx, person)

    transact(locked)
