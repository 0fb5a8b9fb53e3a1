"""Flask's session, opened only by who uses it. It holds one thing: the CSRF token of this browser's forms.

Flask opens its session on every request, which costs as much as our own look at the database. A page without a form
never asks for it, so here it is opened at the first access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer


class UnopenedSession(SessionMixin):
    """Reads the cookie when it is first asked for anything."""

    def __init__(self, open_now: Callable[[], SecureCookieSession]) -> None:
        self._open_now = open_now
        self.opened: SecureCookieSession | None = None

    @property
    def _inner(self) -> SecureCookieSession:
        if self.opened is None:
            self.opened = self._open_now()
        return self.opened

    def __getitem__(self, key: str) -> Any:
        return self._inner[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._inner[key] = value

    def __delitem__(self, key: str) -> None:
        del self._inner[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)


class LazySessionInterface(SecureCookieSessionInterface):
    """Flask's signed-cookie session, lazily. One for each application: it keeps its signer."""

    _signer: URLSafeTimedSerializer | None = None
    _signed_with: str | bytes | None = None

    def open_session(self, app: Flask, request: Request) -> Any:
        def open_now() -> SecureCookieSession:
            opened = super(LazySessionInterface, self).open_session(app, request)
            assert opened is not None, "as_flask_config sets the secret key"
            return opened

        return UnopenedSession(open_now)

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        if session.opened is not None:
            super().save_session(app, session.opened, response)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        # Kept as long as its secret is the application's: a change of the key ring changes both.
        if self._signed_with != app.secret_key:
            self._signer, self._signed_with = super().get_signing_serializer(app), app.secret_key
        return self._signer
