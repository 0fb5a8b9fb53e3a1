"""The cookie of a browser's forms: Flask's signed session, under names of our own.

It holds the CSRF token of the forms, and what a page has to remember until the next one. Cookies know no ports, and
many an application on a developer's machine calls its own `session`; so ours is called `tokenroom_form_` and eight
random digits. The digits are for tabs that start at the same time without a cookie. Each gets one of its own, none
replaces another's, and the forms of all of them can be sent. Another instance's cookie is left alone, because its
signature is not ours.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

MOST = 8
"""Cookies of ours that are looked at in one request. Each costs a signature to check."""
DIGITS = re.compile("_[0-9a-f]{8}")
KEPT = 1024
"""Browsers whose cookies' signatures a worker has checked and keeps."""


def texts_sent(request: Request, base: str) -> dict[str, str]:
    """Forms' cookies that the request carried by name, this instance's or another's; the newest MOST.

    Browsers send older ones first (RFC 6265 section 5.4). If the oldest were kept instead, MOST cookies of instances
    that are gone would hide ours for good. No form could be sent any more.
    """
    found: dict[str, str] = {}
    for cookie in request.environ.get("HTTP_COOKIE", "").split(";"):
        name, _, text = cookie.strip(" \t").partition("=")
        if name.startswith(base) and DIGITS.fullmatch(name, len(base)):
            found.setdefault(name, text)
    return dict(list(found.items())[-MOST:])


class FormSession(SessionMixin):
    """Flask's session, opened at the first access, which a page without a form never makes.

    Plain: Flask opens it on every request, and there is one.
    Cost:  13 µs, as much as our SELECT; and two tabs that start together take the form away from each other.
    Here:  opened late, and `candidates` are all that this browser sent. The first is the one that is written to.
    """

    def __init__(self, open_all: Callable[[], dict[str, SecureCookieSession]]) -> None:
        self._open_all = open_all
        self._found: dict[str, SecureCookieSession] | None = None
        self.chosen: str | None = None

    @property
    def candidates(self) -> dict[str, SecureCookieSession]:
        """What this browser's forms may have been made with, by the name of its cookie; never empty."""
        if self._found is None:
            self._found = self._open_all()
        return self._found

    @property
    def opened(self) -> SecureCookieSession | None:
        """The chosen one, if it has been asked for."""
        return None if self._found is None else self._inner

    @property
    def _inner(self) -> SecureCookieSession:
        if self.chosen is None:
            self.chosen = next(iter(self.candidates))
        return self.candidates[self.chosen]

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


class FormSessionInterface(SecureCookieSessionInterface):
    """Opens and saves `FormSession`. One for each application, because it keeps its signer."""

    _signer: URLSafeTimedSerializer | None = None
    _signed_with: str | bytes | None = None
    _read: Callable[[str], dict[str, Any]]
    """What a cookie that we signed holds; raises BadSignature. A text that was ours stays ours, so it is kept."""

    def is_null_session(self, obj: object) -> bool:
        """Never: there is always one."""
        return False

    def open_session(self, app: Flask, request: Request) -> Any:
        return FormSession(lambda: self._open_all(app, request))

    def _open_all(self, app: Flask, request: Request) -> dict[str, SecureCookieSession]:
        base = self.get_cookie_name(app)
        assert self.get_signing_serializer(app) is not None, "as_flask_config sets the secret key"
        found = {}
        for name, text in texts_sent(request, base).items():
            try:
                found[name] = self.session_class(deepcopy(self._read(text)))
            except BadSignature:  # another instance's on this host, or signed with a key that is gone
                continue
        return found or {f"{base}_{secrets.token_hex(4)}": self.session_class()}

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        opened = session.opened
        if opened is None or not opened.modified:
            return
        signer = self.get_signing_serializer(app)
        assert signer is not None
        response.set_cookie(
            session.chosen,
            str(signer.dumps(dict(opened))),
            path=self.get_cookie_path(app),
            secure=self.get_cookie_secure(app),
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        # Kept as long as its secret is the application's, because a change of the key ring changes both.
        if self._signed_with != app.secret_key:
            self._signer = super().get_signing_serializer(app)
            if self._signer is not None:
                self._read = lru_cache(KEPT)(self._signer.loads)
            self._signed_with = app.secret_key  # last, because another thread goes by it
        return self._signer
