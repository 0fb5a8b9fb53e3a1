"""Correct the address of a sign-up that cannot be finished, because its code goes to a mistyped address.

The password is the only proof here, so the account must be one that nobody has ever been in. With such an account the
password opens nothing but what another sign-up would. A user with an older account asks the operator.
"""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.errors import FieldError
from webapp.core.events import Event
from webapp.core.lifetimes import DAY
from webapp.flows.confirm_address import queue_code
from webapp.flows.finish_login import LoginOver, still
from webapp.flows.log_in import Unfinished
from webapp.flows.open_session import MOMENTS
from webapp.store import addresses, events, session_list, users
from webapp.store.addresses import Contact
from webapp.store.database import read, transact

LOOKED_AT = 10
"""Newest events among which the correction of moments ago is looked for. An account that nobody was in has few."""
STILL_NEW = DAY
"""Seconds after the sign-up. Sessions that ended are kept for longer than that, so none has been forgotten yet."""


def may_correct(person: Contact, now: int) -> bool:
    """Whether the address may be replaced without proof of the mailbox. Raises DatabaseUnavailable."""
    return read(lambda tx: _may_correct(tx, person, now))


def _may_correct(tx: Connection, person: Contact, now: int) -> bool:
    is_new = not person.is_confirmed and now - person.created_at <= STILL_NEW
    # A role is given to a person, and a password alone does not say that this is the one.
    return is_new and person.role == "user" and not session_list.has_any(tx, person.id)


def correct_address(login: Unfinished, new: str) -> Unfinished:
    """Replace the unconfirmed address by `new`, in its normal form, and mail it a code; the login as it goes on.

    The credential epoch rises, so codes, links and other logins under way are worthless. The second of two clicks goes
    on like the first. Raises FieldError (`email`: same, taken, settled), LoginOver, OtherStep or DatabaseUnavailable.
    Like a sign-up, it says what is taken.
    """

    client, now = login.arrival.client, login.arrival.now

    def work(tx: Connection) -> Unfinished:
        person = still(tx, addresses.lock(tx, login.user_id), login).person
        if not _may_correct(tx, person, now):
            raise FieldError("email", "settled")
        if person.email == new:
            raise FieldError("email", "same")
        addresses.correct(tx, person.id, new)
        users.change_credentials(tx, person.id)
        events.record(tx, Event.EMAIL_CHANGED, at=now, user_id=person.id, ip_address=client.ip_address)
        after = person.credential_epoch + 1
        queue_code(tx, person._replace(email=new, credential_epoch=after), None, now)
        return login._replace(credential_epoch=after)

    try:
        return transact(work)
    except (LoginOver, FieldError):
        came = corrected_moments_ago(login, new)
        if came is None:
            raise
        return came


def corrected_moments_ago(login: Unfinished, new: str) -> Unfinished | None:
    """The login as it went on, if the address became `new` moments ago: perhaps by the first of two clicks on the form.

    None otherwise. Raises DatabaseUnavailable.
    """

    now = login.arrival.now

    def work(tx: Connection) -> Unfinished | None:
        person = addresses.get(tx, login.user_id)
        if person is None or person.email != new or not _may_correct(tx, person, now):
            return None
        newest = events.newest(tx, person.id, limit=LOOKED_AT)
        corrected = next((event.at for event in newest if event.event == Event.EMAIL_CHANGED), None)
        if corrected is None or now - corrected > MOMENTS:
            return None
        risen = person.credential_epoch - login.credential_epoch
        # Where the password was proved before the correction, nothing but the correction may have come since. A
        # correction of the same second may be older than that proof, so it does not count.
        if risen == 0 or (risen == 1 and login.since < corrected):
            return login._replace(credential_epoch=person.credential_epoch)
        return None

    return read(work)
