"""Two hosts that share one Redis for their limits: guesses are counted together, wherever they arrive."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.browser import PASSWORD, Browser
from tests.support.crowd import at_once
from tests.support.databases import drop_postgres_database, make_postgres_database, need, postgres_is_there
from tests.support.guarded import GuardedServer, guarded_at
from tests.support.nginx import NGINX, Nginx
from tests.support.production import production
from tests.support.redis_server import REDIS_SERVER, RedisServer
from webapp.web.limits import LIMITS

pytestmark = pytest.mark.hosts

TRIES = LIMITS["login_account"].amount
WRONG = "not the right one"


def refused(host: GuardedServer) -> int:
    """Logins that this host has refused so far, for a wrong password or because of a limit."""
    text = httpx.get(f"{host.url}/metrics").text
    series = re.compile(r'^tokenroom_logins_total{.*"(?:wrong|limited)"} (\S+)$', re.MULTILINE)
    return sum(int(float(count)) for count in series.findall(text))


@dataclass
class Site:
    hosts: tuple[GuardedServer, GuardedServer]
    nginx: Nginx
    redis: RedisServer
    database: str

    def guesses(self, name: str, count: int) -> tuple[Counter[int], int]:
        """So many wrong passwords at once, spread by nginx; how often which status, and how many were checked."""
        strangers = [self.nginx.browser() for _ in range(count)]
        fields = [stranger.read_form("/login").fields | {"username": name, "password": WRONG} for stranger in strangers]
        checked, asked = sum(host.hashes() for host in self.hosts), [refused(host) for host in self.hosts]
        answers = at_once(count, lambda number: strangers[number].post("/login", fields[number]))
        took_part = [refused(host) - earlier for host, earlier in zip(self.hosts, asked, strict=True)]
        assert all(took_part), took_part
        statuses = Counter(answer.status_code for answer in answers)
        assert sum(took_part) == count, statuses
        return statuses, sum(host.hashes() for host in self.hosts) - checked

    def counted_in_database(self) -> int:
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT count(*) FROM rate_counters").fetchone()
        assert row
        return int(row[0])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need("nginx", there=NGINX is not None)
    need("PostgreSQL", there=postgres_is_there())
    need("redis-server", there=REDIS_SERVER is not None)
    folder: Path = tmp_path_factory.mktemp("limits")
    database = make_postgres_database()
    try:
        with RedisServer(folder / "redis") as redis:
            settings = production(folder / "keys", WEBAPP_DATABASE_URL=database, WEBAPP_REDIS_URL=redis.url)
            with (
                guarded_at(folder / "first", **settings) as first,
                guarded_at(folder / "second", **settings) as second,
                Nginx(folder / "nginx", [first.port, second.port]) as nginx,
            ):
                yield Site((first, second), nginx, redis, database)
    finally:
        drop_postgres_database(database)


@pytest.fixture
def owner(site: Site) -> tuple[Browser, str]:
    """A user with an account and a browser that knows it; Redis and its counters are new."""
    site.redis.as_new()
    browser = site.nginx.browser()
    return browser, browser.sign_up()


def test_forty_guesses_over_two_hosts_run_ten_password_checks(site: Site, owner: tuple[Browser, str]) -> None:
    """Exactly the limit in total, and both hosts took part; the owner's own browser is not locked out."""
    browser, name = owner
    answers, checked = site.guesses(name, 40)
    assert answers == {422: TRIES, 429: 40 - TRIES}
    assert checked == TRIES
    assert site.counted_in_database() == 0
    assert len(site.redis.keys("*login_account*")) == 1
    assert browser.log_out().status_code == 303
    assert browser.log_in(name).status_code == 303


def test_used_up_on_one_host_used_up_on_the_other(site: Site, owner: tuple[Browser, str]) -> None:
    """One host alone sees the ten guesses; the other has never heard of them and refuses, the right password too."""
    _browser, name = owner
    first, second = (knocker(host) for host in site.hosts)
    assert [knock(first, name) for _ in range(TRIES)] == [422] * TRIES
    assert [knock(second, name), knock(second, name, PASSWORD), knock(first, name)] == [429, 429, 429]


def test_without_redis_the_hosts_still_count_together(site: Site, owner: tuple[Browser, str]) -> None:
    """The shared database stands in for Redis. It is the last test, because workers then leave Redis alone."""
    _browser, name = owner
    site.redis.stop()
    answers, checked = site.guesses(name, 40)
    assert answers == {422: TRIES, 429: 40 - TRIES}
    assert checked == TRIES
    assert site.counted_in_database() > 0


def knocker(host: GuardedServer) -> Browser:
    """A stranger whom nginx would have sent to this host."""
    browser = host.browser()
    browser.http.headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "localhost"})
    browser.http.headers["X-Forwarded-For"] = "198.51.100.7"
    return browser


def knock(browser: Browser, name: str, password: str = WRONG) -> int:
    """Try a password from a browser without history; the status."""
    form = browser.read_form("/login")
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)  # Secure, over http
    headers = {"Cookie": cookies, "Origin": "https://localhost"}
    return browser.post("/login", form.fields | {"username": name, "password": password}, headers=headers).status_code
