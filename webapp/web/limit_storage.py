"""Where the rate limits count: the database or Redis, and this process's memory while neither answers.

A `limits` storage, so that Flask-Limiter and whatever else speaks that library counts in the same place. It never
raises: a store that is down makes the limits weaker (each worker counts alone), not the site unreachable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage

from webapp.flows import count as count_flow
from webapp.store.database import DatabaseUnavailable
from webapp.web.services import services

log = logging.getLogger(__name__)

T = TypeVar("T")

SCHEME = "tokenroom"

REST = 5.0
"""Seconds a store that failed is left alone, so that not every request waits for it to fail again."""

REDIS_PATIENCE = 0.5
"""Seconds to wait for Redis: a counter must not cost more than what it protects."""


class DatabaseStorage(Storage):
    """Counters in the application's own database, by the application's own clock."""

    STORAGE_SCHEME = [f"{SCHEME}+database"]  # noqa: RUF012 - declared so by the library

    @property
    def base_exceptions(self) -> type[Exception]:
        return DatabaseUnavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return count_flow.count(key, amount, seconds=expiry, now=services().clock())

    def get(self, key: str) -> int:
        return count_flow.look_up(key, now=services().clock()).number

    def get_expiry(self, key: str) -> float:
        return count_flow.look_up(key, now=services().clock()).expires_at

    def check(self) -> bool:
        self.get("")
        return True

    def reset(self) -> int:
        return count_flow.forget()

    def clear(self, key: str) -> None:
        count_flow.forget(key)


class SharedStorage(Storage):
    """The storage in use. `redis_url` (an option) chooses Redis; otherwise the database counts."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, *, redis_url: str = "") -> None:
        super().__init__(uri, wrap_exceptions)
        self._shared: Storage = DatabaseStorage()
        if redis_url:
            self._shared = RedisStorage(
                redis_url,
                wrap_exceptions=True,
                socket_timeout=REDIS_PATIENCE,
                socket_connect_timeout=REDIS_PATIENCE,
            )
        self._own: Storage | None = None
        self._resting_until = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return StorageError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._count(lambda storage: storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        return self._count(lambda storage: storage.get(key))

    def get_expiry(self, key: str) -> float:
        return self._count(lambda storage: storage.get_expiry(key))

    def check(self) -> bool:
        return self._count(lambda storage: storage.check())

    def reset(self) -> int | None:
        return self._count(lambda storage: storage.reset())

    def clear(self, key: str) -> None:
        self._count(lambda storage: storage.clear(key))

    def _count(self, ask: Callable[[Storage], T]) -> T:
        if time.monotonic() >= self._resting_until:
            try:
                return ask(self._shared)
            except (DatabaseUnavailable, StorageError) as error:
                self._resting_until = time.monotonic() + REST
                log.error(
                    "the store of the rate limits is down (%s); this worker counts alone for %d s",
                    type(error.__cause__ or error).__name__,
                    int(REST),
                )
        if self._own is None:
            # Made when it is needed: it comes with a thread.
            self._own = MemoryStorage()
        return ask(self._own)
