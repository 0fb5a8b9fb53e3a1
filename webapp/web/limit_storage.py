"""Where the rate limits count: Redis, the database while that is away, this process's memory while neither answers.

A `limits` storage, so that Flask-Limiter and whatever else speaks that library counts in the same place. It never
raises: a store that is down makes the limits weaker (somebody is counted anew), not the site unreachable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from prometheus_client import Counter

from webapp.flows import count as count_flow
from webapp.services import services
from webapp.store.database import DatabaseUnavailable

log = logging.getLogger(__name__)

LIMIT_STORE_FAILURES = Counter(
    "tokenroom_limit_store_failures", "How often a rate-limit store was found to be down.", ("store",)
)

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


class _Store:
    """One place to count in, and until when it is left alone."""

    def __init__(self, name: str, storage: Storage) -> None:
        self.name = name
        self.storage = storage
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

    def failed(self) -> None:
        self._resting_until = time.monotonic() + REST


class SharedStorage(Storage):
    """The storage in use: Redis where `redis_url` (an option) names one, then the database, then this process.

    Each stands in for the one before it, so a guesser whom Redis has lost sight of gets the limit once more and not
    once more for each worker of each host.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, *, redis_url: str = "") -> None:
        super().__init__(uri, wrap_exceptions)
        self._stores = [_Store("database", DatabaseStorage())]
        if redis_url:
            redis = RedisStorage(
                redis_url,
                wrap_exceptions=True,
                socket_timeout=REDIS_PATIENCE,
                socket_connect_timeout=REDIS_PATIENCE,
            )
            self._stores.insert(0, _Store("redis", redis))
        self._own: Storage | None = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return StorageError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        counted = self._count(lambda storage: storage.incr(key, expiry, amount))
        if amount < 0 and counted < 0:
            # The store that had counted the try is not the one that was told to forget it. Below zero there would be
            # tries beyond the limit; undone rather than set to zero, because others count at the same moment.
            counted = self._count(lambda storage: storage.incr(key, expiry, -amount))
        return counted

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
        for store in self._stores:
            if not store.may_be_asked():
                continue
            try:
                answer = ask(store.storage)
            except (DatabaseUnavailable, StorageError) as error:
                store.failed()
                LIMIT_STORE_FAILURES.labels(store.name).inc()
                log.error(
                    "the store of the rate limits is down (%s: %s); it is left alone for %d s",
                    store.name,
                    type(error.__cause__ or error).__name__,
                    int(REST),
                )
            else:
                store.answered()
                return answer
        if self._own is None:
            # Made when it is needed: it comes with a thread.
            self._own = MemoryStorage()
        return ask(self._own)
