"""Where the rate limits count: Redis, the database while that is away, this process's memory while neither answers.

A store that is down makes the limits weaker (counting starts again), not the site unreachable. Nothing here raises.
"""

from __future__ import annotations

import logging
import time
from typing import Protocol

from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from prometheus_client import Counter

from webapp.flows.count_hits import count_hits
from webapp.services import services
from webapp.store.counters import Window
from webapp.store.database import DatabaseUnavailable

log = logging.getLogger(__name__)

LIMIT_STORE_FAILURES = Counter(
    "tokenroom_limit_store_failures", "How often a rate-limit store was found to be down.", ("store",)
)

REST = 5.0
"""Seconds a store that failed is left alone, so that not every request waits for it to fail again."""

REDIS_PATIENCE = 0.5
"""Seconds to wait for Redis, because a counter must not cost more than what it protects."""


class Store(Protocol):
    """A place to count in."""

    def count(self, key: str, amount: int, seconds: int) -> Window:
        """Count `amount` (negative: give back) in the running window of `key`, or begin one of `seconds` seconds.

        Raises DatabaseUnavailable or StorageError.
        """


class DatabaseStore:
    """Counters in the application's own database, by the application's own clock: one statement a hit."""

    def count(self, key: str, amount: int, seconds: int) -> Window:
        return count_hits(key, amount, seconds=seconds, now=services().clock())


class LibraryStore:
    """Counters in Redis or in memory, as the `limits` library keeps them."""

    def __init__(self, storage: RedisStorage | MemoryStorage) -> None:
        self._storage = storage

    def count(self, key: str, amount: int, seconds: int) -> Window:
        number = self._storage.incr(key, seconds, amount)
        return Window(number, int(self._storage.get_expiry(key)))


class _Place:
    """A store, and until when it is left alone."""

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self.store = store
        self._resting_until = 0.0

    def may_be_asked(self) -> bool:
        """False while it rests. After a rest one request finds out whether it is back; the others do not wait too."""
        if not self._resting_until:
            return True
        now = time.monotonic()
        if now < self._resting_until:
            return False
        self._resting_until = now + REST
        return True

    def answered(self) -> None:
        self._resting_until = 0.0

    def failed(self, error: Exception) -> None:
        self._resting_until = time.monotonic() + REST
        LIMIT_STORE_FAILURES.labels(self.name).inc()
        reason = type(error.__cause__ or error).__name__
        log.error("the store of the rate limits is down (%s: %s); it is left alone for %d s", self.name, reason, REST)


class SharedStore:
    """The store in use: Redis where `redis_url` names one, then the database, then this process.

    Each takes over when the one before it fails. If Redis fails, an attacker gets one more quota, not one more for each
    worker.
    """

    def __init__(self, redis_url: str = "") -> None:
        self._places = [_Place("database", DatabaseStore())]
        if redis_url:
            redis = RedisStorage(
                redis_url,
                wrap_exceptions=True,
                socket_timeout=REDIS_PATIENCE,
                socket_connect_timeout=REDIS_PATIENCE,
            )
            self._places.insert(0, _Place("redis", LibraryStore(redis)))
        self._own: Store | None = None

    def count(self, key: str, amount: int, seconds: int) -> Window:
        """As Store.count. Raises nothing."""
        counted = self._count(key, amount, seconds)
        if amount < 0 and counted.number < 0:
            # The store that had counted the try is not the one that was told to forget it. Below zero there would be
            # tries beyond the limit; undone rather than set to zero, because others count at the same moment.
            counted = self._count(key, -amount, seconds)
        return counted

    def _count(self, key: str, amount: int, seconds: int) -> Window:
        for place in self._places:
            if not place.may_be_asked():
                continue
            try:
                counted = place.store.count(key, amount, seconds)
            except (DatabaseUnavailable, StorageError) as error:
                place.failed(error)
            else:
                place.answered()
                return counted
        if self._own is None:
            # Made when it is needed, because it comes with a thread.
            self._own = LibraryStore(MemoryStorage())
        return self._own.count(key, amount, seconds)
