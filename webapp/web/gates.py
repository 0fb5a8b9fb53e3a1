"""Limits of asking for a password, for pages and the API alike. Given to the flows, which know no limits.

Only wrong passwords count, but counting *after* the check would let forty parallel guesses through. So each try is
counted before its check, and given back unless the password was wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from webapp.core.errors import WrongPassword
from webapp.core.logins import login_key
from webapp.core.session import SessionRow
from webapp.flows.client import Client
from webapp.store.users import Credentials
from webapp.web import device_cookie
from webapp.web.limits import Counted, count, give_back, hit, network_of
from webapp.web.requests import client


class LogInGate:
    """The limits of one login attempt."""

    def __init__(self, sender: Client, *, knows_browsers: bool = True) -> None:
        """`knows_browsers`: does this door read cookies? The API does not."""
        self._sender = sender
        self._knows_browsers = knows_browsers

    @contextmanager
    def attempt(self, login: str, found: Credentials | None) -> Iterator[None]:
        """Count a try for what was typed as `login`; inside, the password is checked. Raises TooManyTries.

        The count is of the name as typed, known or not, never of the account. Otherwise the limit would tell a stranger
        which address belongs to which user name.
        """
        called = login_key(login)
        typed = login if called is None else called[0]
        known = device_cookie.mark(found.id, found.credential_epoch) if found and self._knows_browsers else None
        if known:
            # Its own counter alone, because it is not at fault for strangers at this account or address.
            tries = [("login_browser", f"{known} {typed}")]
        else:
            tries = [("login_account", typed), ("login_address", network_of(self._sender.ip_address))]
        held: list[Counted] = []
        with _given_back(held):
            held.extend(count(name, whose) for name, whose in tries)
            yield

    def admit(self, user_id: str) -> None:
        """Count a login with the right password. Raises TooManyTries above 60 an hour."""
        count("logins", user_id)


class PasskeyGate:
    """The limits of logging in with a passkey. Nobody can guess one; this keeps the work and the trail small."""

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count a try from this request's address; inside, the answer is checked. Raises TooManyTries."""
        held = [count("passkey", network_of(client().ip_address))]
        with _given_back(held):
            yield

    def admit(self, user_id: str) -> None:
        """Count a login. Raises TooManyTries above 60 an hour."""
        count("logins", user_id)


class PasswordGate:
    """The limit of guesses at the current password within a session."""

    @contextmanager
    def attempt(self, session: SessionRow) -> Iterator[None]:
        """Count a try in `session`; inside, the password is checked. Raises TooManyTries.

        A session has tries of its own. The account's wider limit holds for a session only as far as *others* used it
        up. A thief in one session must not keep the owner in another one from changing the password.
        """
        held: list[Counted] = []
        with _given_back(held):
            own = count("password", session.sid)
            held.append(own)
            all_of_account = hit("password_elsewhere", session.user_id)
            held.append(all_of_account)
            elsewhere = all_of_account._replace(number=all_of_account.number - own.number)
            if elsewhere.is_over:
                raise elsewhere.refusal()
            yield


class FactorGate:
    """The limits of guesses at the second step."""

    def __init__(self, *, knows_browsers: bool = True) -> None:
        """`knows_browsers`: does this door read cookies? The API does not."""
        self._knows_browsers = knows_browsers

    @contextmanager
    def attempt(self, user_id: str, credential_epoch: int) -> Iterator[None]:
        """Count a try; inside, the code is checked. Raises TooManyTries.

        A browser that has logged in to the account before has tries of its own. So strangers who know the password lock
        its owner out of nothing.
        """
        known = device_cookie.mark(user_id, credential_epoch) if self._knows_browsers else None
        whose = f"{user_id} {known or 'stranger'}"
        held: list[Counted] = []
        with _given_back(held):
            held.extend(count(name, whose) for name in ("factor", "factor_day"))
            yield


def count_codes(user_id: str) -> None:
    """Count a set of recovery codes, whatever it is made for. Raises TooManyTries above 10 an hour."""
    count("codes", user_id)


@contextmanager
def _given_back(held: Iterable[Counted]) -> Iterator[None]:
    """Give back what is in `held` at the end, unless a password was wrong."""
    try:
        yield
    except WrongPassword:
        raise
    except BaseException:
        # No password was checked, so this try must not use up any counter.
        for counted in held:
            give_back(counted)
        raise
    else:
        for counted in held:
            give_back(counted)
