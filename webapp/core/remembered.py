"""Tokens found authentic, remembered, because verifying one again would cost as much as the look at the database."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, NamedTuple

from webapp.core.claims import Verdict


class Authenticated(NamedTuple):
    """What is remembered of an authentic token. The clock alone decides which of two verdicts it gets."""

    issued_at: int
    not_before: int | None
    expires_at: int
    valid: Verdict[Any]
    expired: Verdict[Any]


class Remembered:
    """Tokens found authentic, at most `most` of them, the oldest forgotten first.

    That a token is authentic is a pure function of its text and the keys, so it may be remembered; the clock is
    compared each time. Only authentic tokens get in, so a stranger cannot push out those of users.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[Hashable, Authenticated] = {}
        self._lock = threading.Lock()
        self.get = self._found.get

    def keep(self, key: Hashable, found: Authenticated) -> None:
        with self._lock:
            if len(self._found) >= self._most:
                del self._found[next(iter(self._found))]
            self._found[key] = found
