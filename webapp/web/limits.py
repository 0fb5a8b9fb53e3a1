"""How often something may be tried. The numbers stand here; a door names its limit with `@limited("…")`.

Where a password is asked for only wrong ones count, but counting *after* the check would let forty parallel guesses
through. So each try is counted before its check, and a right password gives its count back.

The engine is `limits`, the one inside Flask-Limiter. Flask-Limiter itself is left out: its hooks run on every request
and cost as much as a whole bare page, and it keeps one state for all applications of a process.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from flask import Flask, current_app, make_response
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import Storage

from webapp.core.errors import TooManyTries
from webapp.core.lifetimes import MINUTE
from webapp.core.logins import login_key
from webapp.core.standing import Standing
from webapp.flows.client import Client
from webapp.flows.judge import Evidence
from webapp.store.users import Credentials
from webapp.web import device_cookie
from webapp.web.limit_storage import SharedStorage
from webapp.web.requests import client
from webapp.web.services import services, services_of

V = TypeVar("V", bound=Callable[..., Any])

LIMITS: dict[str, RateLimitItem] = {
    # Wrong passwords: for one account by strangers, by one browser that its owner has used, from one address.
    "login_account": RateLimitItemPerMinute(10, 15),
    "login_browser": RateLimitItemPerMinute(10, 15),
    "login_address": RateLimitItemPerMinute(60, 15),
    # Wrong current passwords at a password change, by account: a stolen session must not find the password out.
    "password": RateLimitItemPerMinute(10, 15),
    "sign_up": RateLimitItemPerHour(20),
    "refresh": RateLimitItemPerMinute(30),
    # Reading keys and making them costs more than any other page, and strangers may ask for it.
    "inspector": RateLimitItemPerMinute(20),
}
"""Name -> how many in which window. A window begins with the first try and ends by the clock."""

_EXTENSION = "tokenroom limits"


class Counted(NamedTuple):
    """A try that was counted, so that it can be given back."""

    limit: str
    key: str
    number: int
    """Which try of the window it is."""


def register(app: Flask) -> None:
    settings = services_of(app).settings
    app.extensions[_EXTENSION] = SharedStorage(redis_url=settings.redis_url or "") if settings.rate_limits else None


def limited(name: str) -> Callable[[V], V]:
    """Count each request to a view against the limit `name`, by address; 429 once it is used up.

    The answer says how much is left: `X-RateLimit-Limit`, `-Remaining`, `-Reset` (Unix seconds).
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def counting(*args: Any, **kwargs: Any) -> Any:
            if _storage() is None:
                return view(*args, **kwargs)
            counted = count(name, network_of(client().ip_address))
            answer = make_response(view(*args, **kwargs))
            left = LIMITS[name].amount - counted.number
            answer.headers["X-RateLimit-Limit"] = str(LIMITS[name].amount)
            answer.headers["X-RateLimit-Remaining"] = str(max(left, 0))
            answer.headers["X-RateLimit-Reset"] = str(services().clock() + _seconds_left(counted))
            return answer

        return cast(V, counting)

    return decorate


def count(name: str, whose: str) -> Counted:
    """Count one try of `whose` against the limit `name`. Raises TooManyTries.

    `whose` is hashed: what somebody typed as a name may be a password, and is stored nowhere.
    """
    limit = LIMITS[name]
    storage = _storage()
    if storage is None:
        return Counted(name, "", 0)
    key = limit.key_for(name, hashlib.blake2b(whose.encode("utf-8", "replace"), digest_size=16).hexdigest())
    counted = Counted(name, key, storage.incr(key, limit.get_expiry()))
    if counted.number > limit.amount:
        raise TooManyTries(name, _seconds_left(counted), first=counted.number == limit.amount + 1)
    return counted


def give_back(counted: Counted) -> None:
    """Take a counted try back."""
    storage = _storage()
    if storage is not None and counted.key:
        storage.incr(counted.key, LIMITS[counted.limit].get_expiry(), -1)


def _seconds_left(counted: Counted) -> int:
    storage = _storage()
    assert storage is not None
    ends = int(storage.get_expiry(counted.key))
    return min(max(ends - services().clock(), 1), LIMITS[counted.limit].get_expiry())


def _storage() -> Storage | None:
    return cast("Storage | None", current_app.extensions[_EXTENSION])


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


class _Gate:
    """Tries counted by this request, and their return."""

    def __init__(self) -> None:
        self._counted: list[Counted] = []

    def _count(self, name: str, whose: str) -> None:
        try:
            self._counted.append(count(name, whose))
        except TooManyTries:
            # No password is checked, so this try must not use up another counter.
            self.passed()
            raise

    def passed(self) -> None:
        """The password was right (or not checked after all): the try does not count."""
        while self._counted:
            give_back(self._counted.pop())


class LogInGate(_Gate):
    """The limits of one log-in attempt; for pages and the API alike. Given to `flows.log_in`."""

    def __init__(self, sender: Client, *, knows_browsers: bool = True) -> None:
        """`knows_browsers`: does this door read cookies? The API does not."""
        super().__init__()
        self._sender = sender
        self._knows_browsers = knows_browsers

    def enter(self, login: str, found: Credentials | None) -> None:
        """Count a try for what was typed as `login` and the account `found` by it. Raises TooManyTries."""
        known = device_cookie.mark(found.id, found.credential_epoch) if found and self._knows_browsers else None
        if known and found:
            # Its own counter alone: whatever strangers do, at this account or from this address, is not its fault.
            self._count("login_browser", f"{found.id} {known}")
            return
        # User name and e-mail address are two ways to one account, and count as one.
        self._count("login_account", found.id if found else _folded(login))
        self._count("login_address", network_of(self._sender.ip_address))


def _folded(login: str) -> str:
    called = login_key(login)
    return login if called is None else called[0]


class PasswordGate(_Gate):
    """The limit of asking for the current password of somebody who is logged in. Given to `flows.change_password`."""

    def enter(self, user_id: str) -> None:
        """Count a try. Raises TooManyTries."""
        self._count("password", user_id)


def count_refresh(evidence: Evidence, now: int) -> None:
    """Count a refresh of a session. Raises TooManyTries above 30 a minute.

    A session that was last refreshed a minute ago or more cannot be doing it too often, so nothing is counted then:
    in ordinary use this costs no statement at all.
    """
    row = evidence.row
    assert row is not None
    if evidence.standing is Standing.CURRENT and now - row.refresh_issued_at >= MINUTE:
        return
    count("refresh", row.sid)
