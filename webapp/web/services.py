"""What the application was assembled with: settings, the clock, the key ring."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from flask import Flask, current_app

from webapp.config import Settings
from webapp.core.tokens import Tokens
from webapp.store.key_file import ReloadingKeyRing

EXTENSION = "tokenroom"


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

    @cached_property
    def token_cookies(self) -> tuple[str, str]:
        """Names of the access and refresh cookie on the wire.

        In production with `__Host-`: no other host or path can set such a cookie (RFC 6265bis section 4.1.3.2).
        """
        prefix = "__Host-" if self.settings.production else ""
        return f"{prefix}access_token", f"{prefix}refresh_token"

    @cached_property
    def cookie_attributes(self) -> str:
        """What every token cookie is told (RFC 6265bis section 5.6): out of reach of scripts and of other sites."""
        return f"; Path=/; {'Secure; ' if self.settings.production else ''}HttpOnly; SameSite=Lax"

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Host names (no port, lower case) this application answers to."""
        return self.settings.allowed_hosts

    @cached_property
    def shows_timing(self) -> bool:
        """Do pages say which case a request was (Server-Timing)? In development, and wherever the lab is on."""
        return self.settings.lab or not self.settings.production

    @property
    def tokens(self) -> Tokens:
        """The mint and verifier for the key ring as it is now."""
        ring = self.key_ring.current()
        if self._tokens is None or self._tokens.ring is not ring:
            self._tokens = Tokens(ring, self.settings.public_url, self.settings.lifetimes)
        return self._tokens


def services() -> Services:
    """The current application's services."""
    return services_of(current_app._get_current_object())  # type: ignore[attr-defined]


def services_of(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found
