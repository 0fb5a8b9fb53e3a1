"""A primary and its synchronous standby: one of them dies, freezes or vanishes from the network, while people work.

In each case nobody is logged out, nobody who logged out is let in again, no answer is a 500, and no request waits
for longer than six seconds.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.cluster import programs
from tests.support.databases import need
from tests.support.server import Server
from tests.support.standby import Pair
from tests.support.wire import Wire
from tests.support.witnesses import Crowd

pytestmark = pytest.mark.hosts

LONGEST = 6.0
"""Seconds a request may take, whatever the database does."""
WORKERS = 2
ACCESS_TTL = 60


@dataclass
class Site:
    pair: Pair
    wire: Wire
    """Between the application and the primary."""
    server: Server


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    need("PostgreSQL's initdb", there=programs() is not None)
    with Pair(tmp_path / "pair") as pair, Wire(pair.primary.port) as wire:
        address = f"postgresql://postgres@127.0.0.1:{wire.port},127.0.0.1:{pair.standby.port}/postgres"
        settings = {"WEBAPP_ACCESS_TOKEN_TTL": str(ACCESS_TTL)}
        arguments = ["--threads", "4"]
        with Server(tmp_path / "server", address, workers=WORKERS, settings=settings, arguments=arguments) as server:
            yield Site(pair, wire, server)


class Probes:
    """Asks for /healthz and /readyz all the while; the longest wait for each, and what /readyz said."""

    def __init__(self, server: Server) -> None:
        self.longest = {"/healthz": 0.0, "/readyz": 0.0}
        self.unready = 0
        self._server, self._over = server, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Probes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _ask(self) -> None:
        while not self._over.is_set():
            for path in self.longest:
                started = time.monotonic()
                status = httpx.get(f"{self._server.url}{path}", timeout=30).status_code
                self.longest[path] = max(self.longest[path], time.monotonic() - started)
                self.unready += path == "/readyz" and status == 503
                assert path == "/readyz" or status == 200
            self._over.wait(0.1)


def pass_time(site: Site, seconds: float) -> None:
    """Real seconds, in each of which access tokens run out: refreshes go on all the while."""
    for _ in range(int(seconds / 0.5)):
        site.server.clock.advance(ACCESS_TTL + 1)
        time.sleep(0.5)  # the fault itself lasts in real time; nobody sets its clock


def suffer(site: Site, fault: Callable[[], None]) -> Crowd:
    """Six people and three ghosts while `fault` happens; what holds in each of these tests."""
    crowd = Crowd(site.server.browser, 6)
    with Probes(site.server) as probes:
        crowd.while_(fault)
        every_worker_serves(site, crowd)
    crowd.all_is_well()
    assert crowd.seen.slowest < LONGEST, crowd.seen
    assert probes.longest["/healthz"] < 1.5, probes.longest
    assert probes.longest["/readyz"] < 2.5, probes.longest
    assert crowd.seen.answers.keys() <= {"200", "303", "503"}, crowd.seen
    return crowd


def every_worker_serves(site: Site, crowd: Crowd) -> None:
    """Each worker by its process, on connections of its own, within ten seconds."""
    served: set[str] = set()
    deadline = time.monotonic() + 10
    while len(served) < WORKERS and time.monotonic() < deadline:
        tab = crowd.people[0][0].another_tab()
        answer = tab.get("/test/me")
        if answer.status_code == 200:
            served.add(answer.json()["pid"])
    assert len(served) == WORKERS


def test_the_primary_is_killed_and_the_standby_promoted(site: Site) -> None:
    """Every committed change is on the standby: no session is lost, and no logout is forgotten."""

    def fault() -> None:
        pass_time(site, 1)
        site.pair.primary.signal(signal.SIGKILL)
        pass_time(site, 2)
        site.pair.standby.promote()
        pass_time(site, 1)

    assert suffer(site, fault).seen.answers["503"]


def test_the_primary_freezes_and_thaws(site: Site) -> None:
    """It accepts connections and says nothing. 503 in time; once it thaws, everything goes on."""

    def fault() -> None:
        pass_time(site, 1)
        site.pair.primary.signal(signal.SIGSTOP)
        pass_time(site, 8)
        site.pair.primary.signal(signal.SIGCONT)

    assert suffer(site, fault).seen.answers["503"]


def test_the_primary_freezes_and_the_standby_is_promoted(site: Site) -> None:
    """Nobody closes the connections to the frozen one; the workers leave it by themselves."""

    def fault() -> None:
        pass_time(site, 1)
        site.pair.primary.signal(signal.SIGSTOP)
        pass_time(site, 2)
        site.pair.standby.promote()
        pass_time(site, 6)

    suffer(site, fault)


def test_the_network_swallows_what_is_sent(site: Site) -> None:
    """Statements were under way, and no answer ever comes; the standby is promoted meanwhile."""

    def fault() -> None:
        pass_time(site, 1)
        site.wire.swallow()
        pass_time(site, 2)
        site.pair.standby.promote()
        pass_time(site, 6)

    suffer(site, fault)


def test_the_network_comes_back(site: Site) -> None:
    """Held-back packets arrive late. None of their work is done twice, and nothing is taken for an answer."""

    def fault() -> None:
        pass_time(site, 1)
        site.wire.swallow()
        pass_time(site, 8)
        site.wire.restore()

    assert suffer(site, fault).seen.answers["503"]


def test_the_standby_stalls(site: Site) -> None:
    """Each COMMIT waits for it. A request that changes nothing is served; one that must gets 503 in time."""

    def fault() -> None:
        pass_time(site, 1)
        site.pair.standby.stall()
        pass_time(site, 8)
        site.pair.standby.stall(signal.SIGCONT)

    suffer(site, fault)
