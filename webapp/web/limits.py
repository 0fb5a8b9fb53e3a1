"""How often something may be done. The numbers are here; a view names its limit with `@limited("…")`.

Tries of a password are counted by web/gates.py. The stores are those of `limits`, the engine of Flask-Limiter, and our
database. Flask-Limiter itself is left out. Its hooks run on every request and cost as much as a whole bare page. It
also keeps one state for all applications of a process.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from flask import Flask, current_app, make_response

from webapp.core.errors import TooManyTries
from webapp.core.judgement import Judgement
from webapp.core.lifetimes import DAY, MINUTE
from webapp.core.standing import Standing
from webapp.services import services, services_of
from webapp.web.limit_storage import SharedStore
from webapp.web.requests import client

V = TypeVar("V", bound=Callable[..., Any])


class Limit(NamedTuple):
    """How many in a window, and its length in seconds. A window begins with the first hit and ends by the clock."""

    amount: int
    seconds: int


LIMITS = {
    # Wrong passwords: for one name as typed, for one name in a browser that has logged in to it, from one address.
    "login_account": Limit(10, 15 * MINUTE),
    "login_browser": Limit(10, 15 * MINUTE),
    "login_address": Limit(60, 15 * MINUTE),
    # Right ones, of one account, because each login writes a session and two events.
    "logins": Limit(60, 60 * MINUTE),
    # Wrong current passwords at a password change: in one session, and in the account's other sessions together.
    "password": Limit(10, 15 * MINUTE),
    "password_elsewhere": Limit(30, 15 * MINUTE),
    "sign_up": Limit(20, 60 * MINUTE),
    # Links for a forgotten password: for one name as typed, and from one address; then uses of links.
    "reset": Limit(5, 60 * MINUTE),
    "reset_sender": Limit(20, 60 * MINUTE),
    "reset_new": Limit(20, 15 * MINUTE),
    # Wrong codes of the second step, of one account, and again per browser that has logged in to it.
    "factor": Limit(5, 15 * MINUTE),
    "factor_day": Limit(20, DAY),
    # Proofs within one session that it is still the same person, right ones included, because each writes an event.
    "step_up": Limit(60, 60 * MINUTE),
    # Refused passkeys, from one address.
    "passkey": Limit(60, 15 * MINUTE),
    # Codes that are mailed to confirm an address, of one account; and documents of all that is kept about a person.
    "code_sent": Limit(3, 15 * MINUTE),
    # Mails to one address that no account has yet, or another one has, whichever accounts ask, so no mailbox is filled.
    "code_to": Limit(10, 60 * MINUTE),
    "export": Limit(5, 60 * MINUTE),
    # New sets of recovery codes, of one account, with a first factor as well, because each costs ten password hashes.
    "codes": Limit(10, 60 * MINUTE),
    "refresh": Limit(30, MINUTE),
    # Reading and creating keys costs more than any other page, and visitors need no login for it.
    "inspector": Limit(20, MINUTE),
    # Acts and cells of the lab, of one account, because each opens a session and sends up to a dozen requests.
    "acts": Limit(60, MINUTE),
}
"""By name."""

_EXTENSION = "tokenroom limits"


class Counted(NamedTuple):
    """A hit that was counted, so that it can be given back."""

    limit: str
    key: str
    number: int
    """Which one of the window it is."""
    seconds_left: int

    @property
    def is_over(self) -> bool:
        return self.number > LIMITS[self.limit].amount

    def refusal(self) -> TooManyTries:
        """The error that says so; `first` where this is the first refusal of the window."""
        return TooManyTries(self.limit, self.seconds_left, first=self.number == LIMITS[self.limit].amount + 1)


def register(app: Flask) -> None:
    settings = services_of(app).settings
    app.extensions[_EXTENSION] = SharedStore(settings.redis_url or "") if settings.rate_limits else None


def limited(name: str) -> Callable[[V], V]:
    """Count each request to a view against the limit `name`, by address; 429 once it is used up.

    The answer says how much is left: `X-RateLimit-Limit`, `-Remaining`, `-Reset` (Unix seconds).
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def counting(*args: Any, **kwargs: Any) -> Any:
            if _store() is None:
                return view(*args, **kwargs)
            counted = count(name, network_of(client().ip_address))
            answer = make_response(view(*args, **kwargs))
            amount = LIMITS[name].amount
            answer.headers["X-RateLimit-Limit"] = str(amount)
            answer.headers["X-RateLimit-Remaining"] = str(max(amount - counted.number, 0))
            answer.headers["X-RateLimit-Reset"] = str(services().clock() + counted.seconds_left)
            return answer

        return cast(V, counting)

    return decorate


def count(name: str, whose: str) -> Counted:
    """Count one hit of `whose` against the limit `name`. Raises TooManyTries."""
    counted = hit(name, whose)
    if counted.is_over:
        raise counted.refusal()
    return counted


def hit(name: str, whose: str) -> Counted:
    """Count one hit without judging it."""
    store, limit = _store(), LIMITS[name]
    if store is None:
        return Counted(name, "", 0, limit.seconds)
    key = f"{name}/{_hashed(whose)}"
    window = store.count(key, 1, limit.seconds)
    left = min(max(window.expires_at - services().clock(), 1), limit.seconds)
    return Counted(name, key, window.number, left)


def give_back(counted: Counted) -> None:
    """Take a counted hit back."""
    store = _store()
    if store is not None and counted.key:
        store.count(counted.key, -1, LIMITS[counted.limit].seconds)


def _hashed(whose: str) -> str:
    # With a key, because people type their password into the name field. Without one a dictionary would find it in
    # the table. The key is the forms' secret, so all workers and hosts count alike.
    key = hashlib.blake2b(current_app.config["SECRET_KEY"].encode(), person=b"rate limits").digest()
    return hashlib.blake2b(whose.encode("utf-8", "replace"), key=key, digest_size=16).hexdigest()


def _store() -> SharedStore | None:
    return cast("SharedStore | None", current_app.extensions[_EXTENSION])


def network_of(address: str) -> str:
    """Whose tries count together: one IPv4 address, or one IPv6 network of 64 bits, which is what a home has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def limit_refresh(judgement: Judgement, now: int) -> None:
    """Count a refresh of a session. Raises TooManyTries above 30 a minute.

    A session that was last refreshed a minute ago or more cannot be doing it too often, so nothing is counted then; in
    ordinary use this costs no statement at all.
    """
    row = judgement.row
    assert row is not None
    if judgement.standing is Standing.CURRENT and now - row.refresh_issued_at >= MINUTE:
        return
    count("refresh", row.sid)
