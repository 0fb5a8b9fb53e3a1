"""Redis that is killed, frozen and started again: only the limits use it, and they hold without it."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.support.browser import case_of
from tests.support.crowd import at_once
from tests.support.databases import need
from tests.support.guarded import GuardedServer, guarded_at
from tests.support.redis_server import REDIS_SERVER, RedisServer
from tests.support.waiting import until
from tests.support.witnesses import Crowd
from webapp.web.limits import LIMITS

pytestmark = pytest.mark.faults

TRIES = LIMITS["login_account"].amount
PATIENCE = 5.0
"""Seconds that nobody may have to wait longer than, for anything."""
REST = 0.5
"""Seconds after which workers look for a Redis that failed; shorter here than elsewhere, because it is real time."""


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    need("redis-server", there=REDIS_SERVER is not None)
    with RedisServer(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture(scope="module")
def guarded_by_redis(own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """Four workers, forked from one process that knew Redis before."""
    folder = tmp_path_factory.mktemp("server")
    with guarded_at(folder, WEBAPP_REDIS_URL=own_redis.url, WEBAPP_TEST_REST=str(REST)) as server:
        yield server


@pytest.fixture
def redis(own_redis: RedisServer, guarded_by_redis: GuardedServer) -> RedisServer:
    """Empty, and in use by every worker."""
    own_redis.as_new()
    let_workers_find_it(guarded_by_redis)
    return own_redis


@pytest.fixture
def server(redis: RedisServer, guarded_by_redis: GuardedServer) -> GuardedServer:
    guarded_by_redis.clock.advance(3601)  # windows that the database counted are over
    return guarded_by_redis


def let_workers_find_it(server: GuardedServer) -> None:
    """Redis is back (or gone): wait until each worker has looked for it again."""
    time.sleep(REST + 0.1)  # one that has just looked in vain does not look again before; by a clock nobody sets
    found: set[str] = set()

    def ask() -> bool:
        found.update(a.json()["pid"] for a in at_once(8, lambda _: server.browser().get("/test/counter")))
        return len(found) == server.workers

    until(ask, what="every worker has looked for Redis")


class Fault(NamedTuple):
    begin: Callable[[RedisServer], None]
    end: Callable[[RedisServer], None]


STOPPED = Fault(RedisServer.stop, RedisServer.start)
FROZEN = Fault(RedisServer.freeze, RedisServer.thaw)
either_fault = pytest.mark.parametrize("fault", [STOPPED, FROZEN], ids=["stopped", "frozen"])


class Guesses:
    """Wrong passwords for one account, from as many strangers' browsers at once."""

    def __init__(self, server: GuardedServer, name: str, count: int = 40) -> None:
        self.server, self.name = server, name
        self.strangers = [server.browser() for _ in range(count)]
        self.fields = [stranger.read_form("/login").fields for stranger in self.strangers]

    def one(self, number: int = 0) -> httpx.Response:
        wrong = self.fields[number] | {"username": self.name, "password": "not the right one"}
        answer = self.strangers[number].post("/login", wrong)
        assert answer.elapsed.total_seconds() < PATIENCE
        if answer.status_code in (429, 503):
            assert int(answer.headers["retry-after"]) > 0
        return answer

    def all(self) -> tuple[Counter[int], int]:
        """Send them all; how often which status, and how many passwords were checked."""
        before = self.server.hashes()
        answers = at_once(len(self.strangers), self.one)
        return Counter(answer.status_code for answer in answers), self.server.hashes() - before


def metrics(server: GuardedServer) -> str:
    return server.browser().get("/metrics").text


def account(server: GuardedServer) -> str:
    return server.browser().sign_up()


@either_fault
def test_signed_in_people_go_on(server: GuardedServer, redis: RedisServer, fault: Fault) -> None:
    """Pages, refreshes, refreshes that are counted, a login, a sign-up: as ever, and without a wait to speak of."""
    crowd = Crowd(server.browser, 4)
    _one, name = crowd.people[0]

    def take_it_away() -> None:
        fault.begin(redis)
        server.clock.advance(601)
        started = time.monotonic()
        fresh = server.browser()
        assert fresh.log_in(name).status_code == 303
        for _ in range(3):
            fresh.access = None
            assert case_of(fresh.get("/test/me")) == "access reissued"
        assert fresh.log_out().status_code == 303
        server.browser().sign_up()
        assert time.monotonic() - started < PATIENCE
        server.clock.advance(601)
        fault.end(redis)

    crowd.while_(take_it_away)
    crowd.all_is_well()
    assert crowd.seen.answers.keys() <= {"200", "303"}, crowd.seen
    assert crowd.seen.slowest < PATIENCE


@either_fault
def test_guesses_stay_limited_while_it_is_away(server: GuardedServer, redis: RedisServer, fault: Fault) -> None:
    """The database counts for all workers instead, so forty parallel guesses still run ten password checks."""
    guesses = Guesses(server, account(server))
    fault.begin(redis)
    try:
        assert guesses.all() == ({422: TRIES, 429: 40 - TRIES}, TRIES)
        assert guesses.all() == ({429: 40}, 0)
        told = re.search(r'^tokenroom_limit_store_failures_total\{store="redis"\} (\S+)', metrics(server), re.MULTILINE)
        assert told
        assert float(told[1]) >= 1
    finally:
        fault.end(redis)


@either_fault
def test_the_limits_hold_when_it_is_back(server: GuardedServer, redis: RedisServer, fault: Fault) -> None:
    """A guesser gains one more limit by the fault, and one more if Redis has forgotten; not one a worker."""
    guesses = Guesses(server, account(server))
    assert guesses.all() == ({422: TRIES, 429: 40 - TRIES}, TRIES)
    assert len(redis.keys("*login_account*")) == 1
    fault.begin(redis)
    assert guesses.all() == ({422: TRIES, 429: 40 - TRIES}, TRIES)
    fault.end(redis)
    let_workers_find_it(server)
    forgotten = TRIES if fault is STOPPED else 0
    assert guesses.all() == (+Counter({422: forgotten, 429: 40 - forgotten}), forgotten)
    assert len(redis.keys("*login_account*")) == 1


def test_restarted_again_and_again_under_load(server: GuardedServer, redis: RedisServer) -> None:
    """Users work and an attacker guesses all the while. Each restart forgets, so each grants ten guesses, and the
    database ten for the time between. No more than that, and not one answer that is not an answer."""
    restarts = 3
    crowd = Crowd(server.browser, 4)
    guesses = Guesses(server, account(server), 4)
    statuses: Counter[int] = Counter()
    over = threading.Event()
    before = server.hashes()

    def guess(number: int) -> None:
        while not over.is_set():
            statuses[guesses.one(number).status_code] += 1

    def fault() -> None:
        guessers = [threading.Thread(target=guess, args=(number,)) for number in range(4)]
        for thread in guessers:
            thread.start()
        try:
            for _ in range(restarts):
                server.clock.advance(601)
                redis.stop()
                let_workers_find_it(server)
                redis.start()
                let_workers_find_it(server)
        finally:
            over.set()
            for thread in guessers:
                thread.join(30)

    crowd.while_(fault)
    crowd.all_is_well()
    assert crowd.seen.answers.keys() <= {"200", "303"}, crowd.seen
    assert crowd.seen.slowest < PATIENCE
    assert statuses.keys() == {422, 429}
    assert statuses[429] > statuses[422]
    checked = server.hashes() - before
    assert checked == statuses[422]
    assert TRIES < checked <= TRIES * (1 + restarts) + TRIES * restarts
