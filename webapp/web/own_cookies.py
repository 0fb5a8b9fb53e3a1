"""Small cookies of ours beside the two tokens: what they are all like, and those whose value only we can write."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from webapp.services import services


class OwnCookie:
    """A cookie that only this host gets, out of reach of scripts and of forms of other sites.

    Lax, not Strict, because a Strict cookie isn't sent on the redirect after a click in a mail page.
    """

    def __init__(self, name: str, max_age: int) -> None:
        """`max_age`: seconds that the browser keeps it."""
        self._name = name
        self._max_age = max_age

    def read(self) -> str:
        """Its value in this request; empty without one."""
        return request.cookies.get(self._wire_name(), "")

    def was_sent(self) -> bool:
        return self._wire_name() in request.cookies

    def write(self, answer: Response, value: str) -> None:
        secure = services().settings.production
        answer.set_cookie(
            self._wire_name(), value, max_age=self._max_age, path="/", secure=secure, httponly=True, samesite="Lax"
        )

    def forget(self, answer: Response) -> None:
        secure = services().settings.production
        answer.delete_cookie(self._wire_name(), path="/", secure=secure, httponly=True, samesite="Lax")

    def _wire_name(self) -> str:
        return f"{services().settings.cookie_prefix}{self._name}"


class SignedCookie(OwnCookie):
    """One whose value is JSON that we signed."""

    def __init__(self, name: str, max_age: int, *, salt: str, max_length: int) -> None:
        """`salt` makes a key of its own out of the secret, so nothing else that we sign can pass as this cookie.
        `max_length`: characters that are looked at."""
        super().__init__(name, max_age)
        self._salt = salt
        self._max_length = max_length

    def load(self) -> Any:
        """What we wrote; None without a cookie of ours."""
        text = self.read()
        if not text or len(text) > self._max_length:
            return None
        try:
            return self._serializer().loads(text)
        except BadData:
            return None

    def sign(self, content: Any) -> str:
        return str(self._serializer().dumps(content))

    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=self._salt)
