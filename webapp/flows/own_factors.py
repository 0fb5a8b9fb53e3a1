"""Set up and remove a person's own factors. The first one on, and any one off, ends every other session.

Users set one up because they fear an intruder, so every other session is out at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from webapp.core import totp
from webapp.core.demands import Demands
from webapp.core.errors import FieldError, TokenroomError
from webapp.core.events import Event
from webapp.core.freshness import BY_PASSWORD_AND_CODE, joined
from webapp.core.mail import MailKind
from webapp.core.recovery import FEW
from webapp.core.sealing import Safe
from webapp.core.session import EndReason, SessionRow
from webapp.flows.client import Client
from webapp.flows.end_sessions import end_with_credentials
from webapp.flows.notify import notify
from webapp.flows.prove_factor import TOTP, Count, new_codes
from webapp.flows.reseal import belongs_to
from webapp.store import addresses, auth_sessions, events, factors
from webapp.store.addresses import Contact
from webapp.store.database import read, transact
from webapp.store.factors import Factors, Totp


class State(NamedTuple):
    """What the page shows."""

    has: Factors
    app: Totp | None
    codes_left: int
    is_confirmed: bool

    @property
    def few_codes(self) -> int | None:
        """How many recovery codes are left, where that is too few; else None."""
        return self.codes_left if self.has.any and self.codes_left < FEW else None


class SessionOver(TokenroomError):
    """The session ended meanwhile, or another one changed the credentials."""


class Demanded(TokenroomError):
    """The person's role needs a factor, and this is the last one."""


def look_up(user_id: str) -> State:
    """Raises DatabaseUnavailable."""

    def work(tx: Connection) -> State:
        person = addresses.get(tx, user_id)
        return State(
            factors.of_person(tx, user_id),
            factors.app_of(tx, user_id),
            factors.codes_left(tx, user_id),
            person is not None and person.is_confirmed,
        )

    return read(work)


def add_app(
    session: SessionRow,
    secret: bytes,
    otp: str,
    *,
    demands: Demands,
    safe: Safe,
    count: Count,
    client: Client,
    now: int,
) -> list[str]:
    """Set up an authenticator app whose code is `otp`. Returns new recovery codes if it is the first factor.

    Raises FieldError (`otp` wrong or taken; `email` unconfirmed, where mail is on), TooManyTries (of new codes),
    SessionOver or DatabaseUnavailable.
    """
    step = prove_new(secret, otp, now)
    sealed = safe.seal(secret, belongs_to(session.user_id))

    def insert(tx: Connection, person: Contact, hashes: list[str]) -> bool:
        return insert_app(tx, person, sealed, step, hashes, session.sid, client, now)

    return add_factor(session, BY_PASSWORD_AND_CODE, insert, demands, count, client, now)


def add_factor(
    session: SessionRow,
    proved: Collection[str],
    insert: Callable[[Connection, Contact, list[str]], bool],
    demands: Demands,
    count: Count,
    client: Client,
    now: int,
) -> list[str]:
    """Add one factor by `insert`, which gets hashes of recovery codes and says whether it was the person's first.

    The first one ends every other session, adds `proved` to this one's `amr`, and is answered with the codes. Raises
    FieldError("email", "unconfirmed") where mail is on, TooManyTries (of new codes), SessionOver, DatabaseUnavailable,
    and what `insert` raises.
    """
    shown, hashes = codes_for_first(session.user_id, count)

    def work(tx: Connection) -> list[str]:
        person = live_person(tx, session, now)
        if demands.mail_on and not person.is_confirmed:
            raise FieldError("email", "unconfirmed")
        if not insert(tx, person, hashes):
            return []
        if not shown:
            raise SessionOver("the last factor was removed meanwhile")
        end_others(tx, session, client, now)
        auth_sessions.set_amr(tx, session.sid, joined(session.amr, proved))
        return shown

    return transact(work)


def codes_for_first(user_id: str, count: Count) -> tuple[list[str], list[str]]:
    """Recovery codes and their hashes, if the user has no factor yet. Raises TooManyTries or DatabaseUnavailable.

    It costs ten password hashes, so never inside a transaction, and not for those who have codes.
    """
    return ([], []) if read(lambda tx: factors.of_person(tx, user_id)).any else new_codes(user_id, count)


def prove_new(secret: bytes, otp: str, now: int) -> int:
    """The step of a new app's first code, which is used up with it. Raises FieldError("otp", "wrong")."""
    digits = totp.typed_digits(otp)
    step = None if digits is None else totp.matching_step(secret, digits, now=now, last_step=-1)
    if step is None:
        raise FieldError("otp", "wrong")
    return step


def insert_app(
    tx: Connection,
    person: Contact,
    sealed: str,
    step: int,
    hashes: Sequence[str],
    sid: str | None,
    client: Client,
    now: int,
) -> bool:
    """Store the app; with a first factor the recovery codes too. True if it is the first. The user's row is held."""
    first = not factors.of_person(tx, person.id).any
    if not factors.add_app(tx, person.id, sealed, step, now):
        raise FieldError("otp", "taken")
    note_added(tx, person, TOTP, hashes if first else (), sid, client, now)
    return first


def note_added(
    tx: Connection, person: Contact, kind: str, hashes: Sequence[str], sid: str | None, client: Client, now: int
) -> None:
    """Tell the trail and the person of a new factor; `hashes` of new recovery codes come with the first one."""
    where = client.ip_address
    events.record(tx, Event.FACTOR_ADDED, at=now, user_id=person.id, sid=sid, ip_address=where, kind=kind)
    notify(tx, person.id, MailKind.FACTOR_ON, client, now, factor=kind)
    if hashes:
        factors.set_codes(tx, person.id, hashes)
        events.record(tx, Event.CODES_MADE, at=now, user_id=person.id, sid=sid, ip_address=where)


def remove_app(session: SessionRow, *, demands: Demands, client: Client, now: int) -> bool:
    """Remove the authenticator app; with the last factor the recovery codes too. False if there is none.

    Raises Demanded, SessionOver or DatabaseUnavailable.
    """
    return remove_factor(session, TOTP, lambda tx: factors.remove_app(tx, session.user_id), demands, client, now)


def remove_factor(
    session: SessionRow, kind: str, remove: Callable[[Connection], bool], demands: Demands, client: Client, now: int
) -> bool:
    """Take one factor of this kind away by `remove`, which says whether there was one. Otherwise as `remove_app`."""

    def work(tx: Connection) -> bool:
        person = live_person(tx, session, now)
        if not remove(tx):
            return False
        if not factors.of_person(tx, person.id).any:
            if demands.needs_factor(person.role):
                raise Demanded("the role of this person needs a second step")
            factors.remove_codes(tx, person.id)
        end_others(tx, session, client, now)
        where = client.ip_address
        events.record(tx, Event.FACTOR_REMOVED, at=now, user_id=person.id, sid=session.sid, ip_address=where, kind=kind)
        notify(tx, person.id, MailKind.FACTOR_OFF, client, now, factor=kind)
        return True

    return transact(work)


def live_person(tx: Connection, session: SessionRow, now: int) -> Contact:
    """The person of this session, whose row is held from here on. Raises SessionOver."""
    person = addresses.lock(tx, session.user_id)
    row = auth_sessions.reload(tx, session.sid)
    if person is None or row is None or not row.is_live(now):
        raise SessionOver("the session ended meanwhile")
    return person


def end_others(tx: Connection, session: SessionRow, client: Client, now: int) -> None:
    """End every other session of this session's person; this one follows their new epoch."""
    who = session.user_id
    end_with_credentials(tx, who, EndReason.FACTORS, client, now, by=who, keep=session.sid)
    auth_sessions.follow_epoch(tx, session.sid)
