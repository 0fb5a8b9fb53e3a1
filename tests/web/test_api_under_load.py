"""Four workers, both databases: many requests with one pair, and keys that change under everybody's feet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.api import ApiClient
from tests.support.browser import Browser, over_http
from tests.support.server import Server
from tests.support.waiting import until
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, REFRESH
from webapp.core.lifetimes import Lifetimes
from webapp.flows.rotate_keys import retire_key, rotate_keys
from webapp.store.key_file import KeyFile


@contextmanager
def browsing(server: Server) -> Iterator[Browser]:
    browser = server.browser()
    try:
        yield browser
    finally:
        browser.http.close()


def new_person(server: Server) -> str:
    with browsing(server) as browser:
        return browser.sign_up()


def new_client(server: Server, name: str) -> ApiClient:
    client = ApiClient.of_server(server.url)
    assert client.log_in(name).status_code == 200
    return client


def test_32_parallel_refreshes_of_one_pair(server: Server) -> None:
    """All are answered 200, and every refresh token among the answers is the same one."""
    with new_client(server, new_person(server)) as client:
        start = threading.Barrier(32)

        def ask(_: int) -> httpx.Response:
            with over_http(base_url=server.url) as http:
                one = ApiClient(http)
                one.access, one.refresh = client.access, client.refresh
                start.wait(20)
                return one.ask_refresh()

        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(ask, range(32)))
        assert [answer.status_code for answer in answers] == [200] * 32
        successors = {answer.json()["refresh_token"] for answer in answers if "refresh_token" in answer.json()}
        assert len(successors) == 1
        client.take(next(answer for answer in answers if "refresh_token" in answer.json()))
        assert client.get("/me").status_code == 200
        assert client.do_refresh().status_code == 200


def key_file(server: Server) -> KeyFile:
    return KeyFile(Path(server.folder) / "keys.json")


@contextmanager
def crowd(server: Server, name: str, size: int = 6) -> Iterator[list[str]]:
    """Clients and browsers that work all the time; the list they fill with everything that goes wrong."""
    wrong: list[str] = []
    stop = threading.Event()
    rounds = [0] * size

    def work(number: int, one_round: Callable[[], None]) -> None:
        try:
            while not stop.is_set():
                one_round()
                rounds[number] += 1
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the test
            wrong.append(repr(error))

    def client_round(client: ApiClient) -> Callable[[], None]:
        def one_round() -> None:
            for _ in range(3):
                answer = client.get("/me")
                assert answer.status_code == 200, f"me: {answer.status_code} {answer.text}"
            answer = client.ask_refresh()
            assert answer.status_code == 200, f"refresh: {answer.status_code} {answer.text}"
            client.take(answer)

        return one_round

    def browser_round(browser: Browser) -> Callable[[], None]:
        def one_round() -> None:
            answer = browser.get("/test/me")
            assert answer.status_code == 200, f"page: {answer.status_code}"
            if rounds[0] % 2:
                browser.access = None  # so that the next request rotates

        return one_round

    clients = [new_client(server, name) for _ in range(size - 2)]
    browsers = [server.browser() for _ in range(2)]
    for browser in browsers:
        assert browser.log_in(name).status_code == 303
    rounds_of = [client_round(client) for client in clients] + [browser_round(browser) for browser in browsers]
    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(rounds_of)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
        before = list(rounds)
        until(
            lambda: wrong or all(n - b >= 2 for n, b in zip(rounds, before, strict=True)),
            seconds=15,
            what="everybody goes on working",
        )
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for user in (*clients, *browsers):
            user.http.close()


def test_rotation_under_load_logs_nobody_out(server: Server) -> None:
    """Seven key rotations under load fail no request."""
    name = new_person(server)
    file = key_file(server)
    with crowd(server, name) as wrong, ApiClient.of_server(server.url) as fresh:
        for _ in range(4):
            rotate_keys(file, {ACCESS: "HS256", REFRESH: "HS256"}, Lifetimes(), server.clock())
            fresh.log_in(name)
            assert fresh.get("/me").status_code == 200
        for alg in ("EdDSA", "ES256", "HS256"):
            rotate_keys(file, {ACCESS: alg}, Lifetimes(), server.clock())
            fresh.log_in(name)
            for _ in range(8):  # whichever of the four workers answers
                assert fresh.get("/me").status_code == 200
    assert wrong == []


def test_retirement_under_load_ends_the_tokens_of_that_key_and_no_others(server: Server) -> None:
    """A retired key ends its own tokens in every worker at once, and no others."""
    name = new_person(server)
    file = key_file(server)
    old = file.read()
    with new_client(server, name) as stale, browsing(server) as web:
        web.log_in(name)
        rotate_keys(file, {ACCESS: "HS256", REFRESH: "HS256"}, Lifetimes(), server.clock())
        assert stale.get("/me").status_code == 200
        with crowd(server, name) as wrong:
            retire_key(file, old.active(ACCESS).kid)
            for _ in range(12):  # whichever worker answers: at once
                assert stale.get("/me").status_code == 401
            assert stale.ask_refresh().status_code == 401  # the access token is not ours any more
            assert web.get("/test/me").status_code == 200  # pages: the refresh token alone renews
            retire_key(file, old.active(REFRESH).kid)
        assert wrong == []


def test_a_broken_file_under_load_keeps_everybody(server: Server) -> None:
    """A broken key file fails no request, and the log names it."""
    name = new_person(server)
    file = key_file(server)
    good = file.path.read_text()
    with crowd(server, name) as wrong, new_client(server, name) as client:
        try:
            for broken in ("", '{"keys": []}'):
                file.path.write_text(broken)
                for _ in range(8):
                    assert client.get("/me").status_code == 200
        finally:
            file.path.write_text(good)
        for _ in range(8):
            assert client.get("/me").status_code == 200
    assert wrong == []
    assert "KEY FILE NOT USABLE" in server.log.read_text()
    assert KeyRing.from_json(good).keys == file.read().keys


@pytest.mark.parametrize("purpose", [ACCESS, REFRESH])
def test_retiring_a_refresh_key_ends_sessions_that_were_not_renewed(server: Server, purpose: str) -> None:
    """A session ends with its refresh key and survives the access key."""
    name = new_person(server)
    file = key_file(server)
    old = file.read().active(purpose).kid
    with browsing(server) as web:
        web.log_in(name)
        rotate_keys(file, {purpose: "HS256"}, Lifetimes(), server.clock())
        assert web.get("/test/me").status_code == 200
        retire_key(file, old)
        web.access = None
        answer = web.get("/test/me")
        assert answer.status_code == (200 if purpose == ACCESS else 303)
