"""Settings, the clock and the key ring that the application was assembled with. Pages and commands share them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app

from webapp.config.settings import Settings
from webapp.core.sealing import Safe
from webapp.core.tokens import Tokens
from webapp.store.key_file import ReloadingKeyRing

EXTENSION = "tokenroom"
_current: Any = current_app
"""The proxy, whose way to the real object has no type."""


def system_clock() -> int:
    """Unix seconds."""
    return int(time.time())


@dataclass
class Services:
    """Kept in `app.extensions["tokenroom"]`. A test sets `clock` to its own."""

    settings: Settings
    key_ring: ReloadingKeyRing
    clock: Callable[[], int] = system_clock
    recorder: Callable[..., None] | None = None
    """Told of every judged request (its `Auth`) once its cookies are settled; the lab's, where the lab is on."""
    _tokens: Tokens | None = field(default=None, repr=False)

    @property
    def tokens(self) -> Tokens:
        """The mint and verifier for the key ring as it is now."""
        ring = self.key_ring.current()
        if self._tokens is None or self._tokens.ring is not ring:
            self._tokens = Tokens(ring, self.settings.public_url, self.settings.lifetimes, self.settings.demands)
        return self._tokens

    @property
    def safe(self) -> Safe:
        """What seals and opens the secrets of authenticator apps, with the key ring as it is now."""
        return Safe(self.key_ring.current())


def services() -> Services:
    """The current application's services."""
    return services_of(_current._get_current_object())


def this_application() -> Flask:
    """The current application itself, for threads that outlive its context."""
    found: Flask = _current._get_current_object()
    return found


def services_of(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found
