"""Prove a second factor by a code: of the authenticator app, or one of the recovery codes. Each code counts once.

check_code   outside any transaction: is the code right? (the hash of a recovery code takes its time)
use          in the transaction of what it opens: one conditional statement, so one of many at once wins
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from webapp.core import recovery, totp
from webapp.core.errors import TooManyTries, WrongPassword
from webapp.core.events import Event
from webapp.core.mail import MailKind
from webapp.core.passwords import hash_password, verify_password
from webapp.core.sealing import CannotOpen, Safe
from webapp.flows.client import Client
from webapp.flows.notify import notify
from webapp.flows.reseal import belongs_to, resealed
from webapp.store import events, factors
from webapp.store.database import read, transact
from webapp.store.factors import Totp

TOTP, RECOVERY = "totp", "recovery"


class WrongCode(WrongPassword):
    """The code is wrong, or was used already: one answer for both. The limits count it as a try."""


class Typed(NamedTuple):
    """What was typed. A recovery code is looked at only where no code of the app was typed."""

    otp: str = ""
    recovery_code: str = ""

    @property
    def kind(self) -> str:
        return RECOVERY if self.recovery_code and not self.otp else TOTP


class Proof(NamedTuple):
    """A code that is right, and not used up yet."""

    user_id: str
    kind: str
    number: int
    """The step of the app's code, or the number of the recovery code."""
    stored: str
    """The row as it was compared: the sealed secret, or the recovery code's hash."""
    resealed: str | None = None
    """The secret under the present key, where another one sealed it."""


Count = Callable[[str], object]
"""Counts a set of recovery codes of this user, because it costs ten password hashes. Raises TooManyTries."""


class Gate(Protocol):
    """Limits of the second step (web/gates.py)."""

    def attempt(self, user_id: str, credential_epoch: int) -> AbstractContextManager[None]:
        """Count this try; inside, the code is checked. Raises TooManyTries."""


def check_code(user_id: str, typed: Typed, *, safe: Safe, now: int) -> Proof:
    """Compare what was typed with what this person has. Raises WrongCode or DatabaseUnavailable."""
    proof = (
        _check_recovery(user_id, typed.recovery_code)
        if typed.kind == RECOVERY
        else _check_app(user_id, typed.otp, safe, now)
    )
    if proof is None:
        raise WrongCode("the code is wrong")
    return proof


def use(tx: Connection, proof: Proof, client: Client, now: int) -> None:
    """Use the code up. Raises WrongCode if another request was faster, or it was replaced meanwhile."""
    user_id = proof.user_id
    if proof.kind == TOTP:
        if not factors.use_step(tx, user_id, proof.number, now):
            raise WrongCode("the code was used already")
        if proof.resealed:
            factors.replace_sealed(tx, user_id, proof.stored, proof.resealed)
        return
    if not factors.use_code(tx, user_id, proof.number, proof.stored, now):
        raise WrongCode("the recovery code was used already")
    left = factors.codes_left(tx, user_id)
    events.record(tx, Event.CODE_USED, at=now, user_id=user_id, ip_address=client.ip_address, left=left)
    notify(tx, user_id, MailKind.CODE_USED, client, now, left=left)


def was_used_since(user_id: str, typed: Typed, since: int, *, safe: Safe, now: int) -> bool:
    """Whether this very code was used at or after `since`: perhaps by the first of two clicks."""
    if typed.kind == RECOVERY:
        code = recovery.typed_code(typed.recovery_code)
        used = code and read(lambda tx: factors.code_used_since(tx, user_id, code[0], since))
        return bool(code and used and verify_password(used, code[1]))
    row = read(lambda tx: factors.app_of(tx, user_id))
    digits = totp.typed_digits(typed.otp)
    if row is None or digits is None or (row.last_used_at or 0) < since:
        return False
    secret = _open(row, safe)
    return (
        secret is not None and totp.matching_step(secret, digits, now=now, last_step=row.last_step - 1) == row.last_step
    )


@contextmanager
def limited(user_id: str, credential_epoch: int, gate: Gate, client: Client, now: int) -> Iterator[None]:
    """Count a try; inside, the factor is proved. The first refusal of a window goes into the trail, and to the person
    by mail (ASVS 6.3.5). Raises TooManyTries."""
    try:
        with gate.attempt(user_id, credential_epoch):
            yield
    except TooManyTries as refusal:
        if refusal.first:
            _record_limit(user_id, refusal.limit, client, now)
        raise


def _record_limit(user_id: str, limit: str, client: Client, now: int) -> None:
    def work(tx: Connection) -> None:
        events.record(tx, Event.FACTOR_LIMITED, at=now, user_id=user_id, ip_address=client.ip_address, limit=limit)
        notify(tx, user_id, MailKind.SECOND_FAILED, client, now)

    transact(work)


def record_failure(user_id: str, kind: str, client: Client, now: int) -> None:
    """Write down that a right password was followed by a wrong second step."""
    where = client.ip_address
    transact(lambda tx: events.record(tx, Event.FACTOR_FAILED, at=now, user_id=user_id, ip_address=where, kind=kind))


def new_codes(user_id: str, count: Count) -> tuple[list[str], list[str]]:
    """A set of recovery codes as they are shown, and their hashes. Never inside a transaction. Raises TooManyTries."""
    count(user_id)
    codes = recovery.new_codes()
    return [recovery.shown(code) for code in codes], [hash_password(code[1:]) for code in codes]


def _check_app(user_id: str, typed: str, safe: Safe, now: int) -> Proof | None:
    digits = totp.typed_digits(typed)
    row = read(lambda tx: factors.app_of(tx, user_id))
    if digits is None or row is None:
        return None
    secret = _open(row, safe)
    step = None if secret is None else totp.matching_step(secret, digits, now=now, last_step=row.last_step)
    if step is None:
        return None
    fresh = resealed(safe, row) if safe.can_seal and not safe.is_current(row.sealed) else None
    return Proof(user_id, TOTP, step, row.sealed, fresh)


def _open(row: Totp, safe: Safe) -> bytes | None:
    try:
        return safe.open(row.sealed, belongs_to(row.user_id))
    except CannotOpen:
        return None  # its key is gone; the person has recovery codes, or asks an administrator


def _check_recovery(user_id: str, typed: str) -> Proof | None:
    code = recovery.typed_code(typed)
    number, secret = code or (0, "none")
    stored = read(lambda tx: factors.code_hash(tx, user_id, number))
    # One hash, whether there is such a code or not.
    is_right = verify_password(stored, secret)
    return Proof(user_id, RECOVERY, number, stored, None) if is_right and stored and code else None
