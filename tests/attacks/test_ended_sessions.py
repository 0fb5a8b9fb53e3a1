"""An ended session serves nobody: 200 requests, spread over all workers, none of them answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.support.browser import PASSWORD, Browser
from tests.support.commands import run_command
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.waiting import until

REQUESTS = 200
NEW = "another fine sentence"


def storm(server: Server, browser: Browser) -> list[int]:
    """The statuses of 200 requests with this browser's cookies: as many at each worker."""
    return [status for answers in ask_often(server, browser).values() for status, _body in answers]


def ask_often(server: Server, browser: Browser) -> dict[int, list[tuple[int, bytes]]]:
    """Process id -> its answers. A connection stays with its worker, so no luck decides who is asked."""
    lines = one_to_each_worker(server)
    cookies = cookies_of(browser)

    def ask(line: HTTPConnection) -> list[tuple[int, bytes]]:
        with closing(line):
            return [ask_once(line, cookies) for _ in range(REQUESTS // server.workers)]

    with ThreadPoolExecutor(server.workers) as pool:
        return dict(zip(lines, pool.map(ask, lines.values()), strict=True))


def one_to_each_worker(server: Server) -> dict[int, HTTPConnection]:
    """Process id -> an open connection to it. Found by asking as a user who stays logged in."""
    scout = server.browser()
    scout.sign_up()
    cookies = cookies_of(scout)
    lines: dict[int, HTTPConnection] = {}

    def look(_number: int) -> tuple[int, HTTPConnection]:
        line = HTTPConnection("127.0.0.1", server.port, timeout=30)
        _status, body = ask_once(line, cookies)
        return json.loads(body)["pid"], line

    def is_complete() -> bool:
        for pid, line in at_once(8, look):
            if lines.setdefault(pid, line) is not line:
                line.close()
        return len(lines) == server.workers

    until(is_complete, what="not every worker answers")
    return lines


def ask_once(line: HTTPConnection, cookies: str) -> tuple[int, bytes]:
    line.request("GET", "/test/me", headers={"Cookie": cookies, "Sec-Fetch-Mode": "navigate"})
    answer = line.getresponse()
    return answer.status, answer.read()


def cookies_of(browser: Browser) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)


def log_out(server: Server, victim: Browser, other: Browser, name: str) -> None:
    victim.log_out()


def end_from_another_device(server: Server, victim: Browser, other: Browser, name: str) -> None:
    sid = victim.sid
    assert other.submit("/account/sessions", f"/account/sessions/{sid}/revoke").status_code == 303


def end_all_others(server: Server, victim: Browser, other: Browser, name: str) -> None:
    assert other.submit("/account/sessions", "/account/sessions/revoke-others").status_code == 303


def change_the_password(server: Server, victim: Browser, other: Browser, name: str) -> None:
    answer = other.submit("/account/password", current_password=PASSWORD, new_password=NEW)
    assert answer.headers["location"] == "/account/sessions?notice=password"


def administrator(server: Server) -> Browser:
    admin = server.browser()
    run_command(server.settings, "users", "set-role", admin.sign_up(), "admin")
    return admin


def person_page(admin: Browser, name: str) -> str:
    page = admin.get(f"/admin?q={name}").text
    return "/admin/people/" + page.partition('href="/admin/people/')[2].partition('"')[0]


def end_by_an_administrator(server: Server, victim: Browser, other: Browser, name: str) -> None:
    admin = administrator(server)
    page = person_page(admin, name)
    assert admin.submit(page, f"{page}/sessions/{victim.sid}/revoke").status_code == 303


def disable_the_account(server: Server, victim: Browser, other: Browser, name: str) -> None:
    admin = administrator(server)
    page = person_page(admin, name)
    assert admin.submit(page, f"{page}/disable").headers["location"].endswith("notice=disabled")


def end_by_command(server: Server, victim: Browser, other: Browser, name: str) -> None:
    sid = victim.sid
    listed = json.loads(run_command(server.settings, "sessions", "list", "--user", name, "--json").stdout)
    assert sid in {session["id"] for session in listed}
    run_command(server.settings, "sessions", "revoke", sid)


End = Callable[[Server, Browser, Browser, str], None]


@pytest.mark.parametrize(
    ("end", "notice"),
    [
        (log_out, "logout"),
        (end_from_another_device, "ended"),
        (end_all_others, "ended"),
        (change_the_password, "password"),
        (end_by_an_administrator, "admin"),
        (disable_the_account, "admin"),
        (end_by_command, "admin"),
    ],
)
def test_none_of_two_hundred_requests_is_served(server: Server, end: End, notice: str) -> None:
    """Fifty at each of four workers, after its end: none is served, from the very first one on."""
    victim, other = server.browser(), server.browser()
    name = victim.sign_up()
    other.log_in(name)
    stolen = victim.another_tab()
    assert victim.get("/test/me").status_code == 200
    end(server, victim, other, name)
    assert storm(server, stolen) == [303] * REQUESTS
    assert stolen.get("/account").headers["location"] == f"/login?next=%2Faccount&notice={notice}"
    survivor = end in (end_from_another_device, end_all_others, change_the_password, log_out)
    assert (other.get("/test/me").status_code == 200) is (survivor or end in (end_by_an_administrator, end_by_command))


def test_the_storm_reaches_every_worker(server: Server) -> None:
    """The yardstick of the test above: as many requests of a living session, answered by all four processes."""
    browser = server.browser()
    browser.sign_up()
    answers = ask_often(server, browser)
    assert len(answers) == server.workers
    assert sum(map(len, answers.values())) == REQUESTS
    for pid, given in answers.items():
        assert {(status, json.loads(body)["pid"]) for status, body in given} == {(200, pid)}
