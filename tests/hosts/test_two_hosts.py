"""Two hosts behind the real nginx: one PostgreSQL, one key ring, clocks that differ, and a host that dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.browser import Browser, read_parts
from tests.support.databases import drop_postgres_database, make_postgres_database, need, postgres_is_there
from tests.support.nginx import NGINX, Nginx
from tests.support.production import production
from tests.support.server import Server
from tests.support.trail import event_names
from tests.support.witnesses import Crowd

pytestmark = pytest.mark.hosts


@dataclass
class Site:
    first: Server
    second: Server
    nginx: Nginx

    def directly(self, browser: Browser, host: Server) -> Browser:
        """The same cookies at one chosen host, as nginx would hand the request on."""
        client = httpx.Client(base_url=host.url, timeout=30)
        client.headers.update(
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "localhost", "X-Forwarded-For": "127.0.0.1"}
        )
        direct = Browser(client)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)
        client.headers["Cookie"] = cookies
        return direct

    def bring_back(self, host: Server) -> None:
        host.start()
        time.sleep(3)  # nginx leaves a host out for two (docs/deployment.md), by a clock that nobody sets

    def advance(self, seconds: int) -> None:
        """In small steps, because between setting one host's clock and the other's they are a step further apart."""
        while seconds > 0:
            step = min(seconds, 20)
            self.first.clock.advance(step)
            self.second.clock.advance(step)
            seconds -= step


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need("nginx", there=NGINX is not None)
    need("PostgreSQL", there=postgres_is_there())
    folder: Path = tmp_path_factory.mktemp("hosts")
    address = make_postgres_database()
    settings = production(folder / "keys", WEBAPP_DATABASE_URL=address)
    try:
        with (
            Server(folder / "first", settings=settings, workers=2) as first,
            Server(folder / "second", settings=settings, workers=2) as second,
            Nginx(folder / "nginx", [first.port, second.port]) as nginx,
        ):
            yield Site(first, second, nginx)
    finally:
        drop_postgres_database(address)


def test_logged_in_on_one_logged_out_on_the_other_dead_everywhere(site: Site) -> None:
    """A logout on one host ends the session on every worker of both hosts."""
    visitor = site.nginx.browser()
    name = visitor.sign_up()
    hosts = (site.first, site.second)
    for host in hosts:
        assert site.directly(visitor, host).get("/test/me").json()["username"] == name
    before = [site.directly(visitor, host) for host in hosts]
    leaving = site.directly(visitor, site.second)
    form = leaving.read_form("/", "/logout")
    assert leaving.post(form.action, form.fields).status_code == 303
    for direct in before * 4:  # every worker of either host
        assert direct.get("/test/me").status_code == 303


def test_clocks_forty_seconds_apart_log_nobody_out(site: Site) -> None:
    """Refreshes on a host that is ahead, pages on one that is behind, and the other way round: always served.

    With eight requests in parallel, on both hosts, at every refresh. Nobody is judged a thief.
    """
    crowd = Crowd(site.nginx.browser, 4)
    for ahead, behind in ((site.first, site.second), (site.second, site.first)):
        ahead.clock.advance(40)

        def an_hour() -> None:
            for _ in range(12):
                site.advance(300)

        crowd.while_(an_hour)
        behind.clock.advance(40)
    crowd.all_is_well()
    assert not [answer for answer in crowd.seen.answers if answer not in ("200", "303")]


def test_parallel_requests_on_hosts_forty_seconds_apart(site: Site) -> None:
    """Twelve refreshes, each by eight requests on both hosts at once: every one is served, and nobody is logged out."""
    visitor = site.nginx.browser()
    visitor.sign_up()
    for ahead, behind in ((site.first, site.second), (site.second, site.first)):
        ahead.clock.advance(40)
        for _ in range(6):
            site.advance(601)
            senders = [site.directly(visitor, host) for host in (ahead, behind) * 4]
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda sender: sender.get("/test/me"), senders))
            assert [answer.status_code for answer in answers] == [200] * 8
            assert visitor.get("/test/me").status_code == 200
            assert visitor.get("/test/me").status_code == 200
        behind.clock.advance(40)
    assert "refresh.reused" not in event_names(site.first, sid=visitor_sid(visitor))


def visitor_sid(visitor: Browser) -> str:
    token = visitor.cookie("__Host-refresh_token")
    assert token
    return str(read_parts(token)[1]["sid"])


def test_a_host_killed_under_load_costs_nobody_an_answer(site: Site) -> None:
    """GETs in flight go to the other host, where a half-done refresh is handed out again."""
    crowd = Crowd(site.nginx.browser, 6)

    def fault() -> None:
        site.advance(601)
        assert site.second.process
        os.killpg(site.second.process.pid, signal.SIGKILL)
        site.second.process.wait()
        site.advance(601)
        for one, name in crowd.people[:2]:
            assert crowd.ask(one.another_tab(), name) in ("200", "303")

    crowd.while_(fault)
    site.bring_back(site.second)
    crowd.all_is_well()
    assert not [answer for answer in crowd.seen.answers if answer not in ("200", "303")], crowd.seen


def test_a_host_restarted_politely_costs_nobody_an_answer(site: Site) -> None:
    """TERM finishes what is in flight; an upgrade one host after the other is seen by no one."""
    crowd = Crowd(site.nginx.browser, 4)

    def upgrade() -> None:
        for host in (site.first, site.second):
            site.advance(601)
            host.stop()
            site.bring_back(host)

    crowd.while_(upgrade)
    crowd.all_is_well()
    assert not [answer for answer in crowd.seen.answers if answer not in ("200", "303")], crowd.seen


def test_a_post_is_never_sent_twice(site: Site) -> None:
    """A host that dies after it has done a POST's work: the person sees an error, and the work was done once."""
    visitor = site.nginx.browser()
    form = visitor.read_form("/signup")
    name = "onlyonce"
    fields = {"username": name, "email": f"{name}@example.com", "password": "a perfectly fine sentence"}
    answer = visitor.post(form.action, form.fields | fields, headers={"X-Test-Die": "before-answer"})
    assert answer.status_code == 503  # not 422 "taken", which a second try on the other host would have said
    assert answer.headers["retry-after"] == "5"
    assert visitor.log_in(name).status_code == 303
