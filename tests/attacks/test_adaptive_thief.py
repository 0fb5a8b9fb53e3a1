"""A thief who copied a pair of tokens and does everything that serves him. He does not last beside the owner.

He never replays what would give him away. He polls, waits for the end of his access token, watches with it for the
owner's renewal, or tries everything at random. After a few access lifetimes one of the two gets nothing more. Where
that is the owner, their next login ends the session, and with it the thief.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser, case_of, cookies_set
from tests.support.server import Server
from tests.support.trail import event_names

ACCESS_TTL, TICK, HOUR = 600, 50, 3600
MOST_LIFETIMES = 12
"""Access lifetimes after which nobody shares a session any more; the model knows at most 8 changes of who renews."""


class Holder:
    """Owner or thief at pages: the tokens they hold, and whether a request is served."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.refreshes = [browser.refresh]
        self.told: str = ""

    def ask(self, refresh: str | None = None, *, access: bool = True) -> bool:
        if refresh is not None:
            self.browser.refresh = refresh
        if not access:
            self.browser.access = None
        answer = self.browser.get("/test/me")
        self.told = answer.headers.get("location", "")
        if self.browser.refresh not in self.refreshes:
            self.refreshes.append(self.browser.refresh)
        return answer.status_code == 200


class ApiHolder(Holder):
    """The same over the Bearer API: refreshes where its access token no longer opens."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self.refreshes = [client.refresh]
        self.told = ""

    def ask(self, refresh: str | None = None, *, access: bool = True) -> bool:
        if refresh is not None:
            self.client.refresh = refresh
        if access and self.client.get("/me").status_code == 200:
            return True
        answer = self.client.ask_refresh()
        if answer.status_code == 200:
            self.client.take(answer)
            if self.client.refresh not in self.refreshes:
                self.refreshes.append(self.client.refresh)
        return answer.status_code == 200


def polling(thief: Holder, dice: random.Random, tick: int) -> bool:
    """Comes at every moment with what he got last."""
    return thief.ask()


def timed(thief: Holder, dice: random.Random, tick: int) -> bool | None:
    """Comes just after his access token has ended, and uses nothing in between."""
    return thief.ask(access=False) if tick % (ACCESS_TTL // TICK) == 0 else None


def spying(thief: Holder, dice: random.Random, tick: int) -> bool:
    """Looks whether his access token still opens; where it does not, tries all he has, the newest first."""
    return thief.ask() or any(thief.ask(refresh) for refresh in reversed(thief.refreshes[-3:]))


def blind(thief: Holder, dice: random.Random, tick: int) -> bool | None:
    """Comes at random, with any of the last two that he got."""
    return thief.ask(dice.choice(thief.refreshes[-2:]), access=dice.random() < 0.5) if dice.random() < 0.3 else None


Strategy = Callable[[Holder, random.Random, int], bool | None]


def play(server: Server, owner: Holder, thief: Holder, strategy: Strategy, dice: random.Random) -> tuple[str, float]:
    """Who is shut out, and after how many access lifetimes."""
    refused = 0
    for tick in range(1, MOST_LIFETIMES * ACCESS_TTL // TICK + 1):
        server.clock.advance(TICK)
        if dice.random() < 0.4 and not owner.ask():
            return "owner", tick * TICK / ACCESS_TTL
        server.clock.advance(dice.randint(4, 20))  # not within a burst of each other, because that would take luck
        served = strategy(thief, dice, tick)
        refused = refused + 1 if served is False else 0 if served else refused
        if refused >= 5:
            return "thief", tick * TICK / ACCESS_TTL
        server.clock.advance(dice.randint(4, 20))
    return "nobody", MOST_LIFETIMES


@pytest.mark.parametrize("strategy", [polling, timed, spying, blind], ids=lambda strategy: strategy.__name__)
def test_nobody_shares_a_session_at_pages(server: Server, strategy: Strategy) -> None:
    """The owner is at worst asked to log in, and that login ends the thief's session as `replaced`."""
    for seed in range(2):
        browser = server.browser()
        name, sid = browser.sign_up(), browser.sid
        owner, thief = Holder(browser), Holder(browser.another_tab())
        out, _lifetimes = play(server, owner, thief, strategy, random.Random(seed))
        assert out != "nobody", f"{strategy.__name__}, seed {seed}: both went on"
        if out == "owner":
            assert browser.log_in(name).status_code == 303
            assert browser.get("/test/me").status_code == 200
            assert not any(thief.ask(refresh, access=False) for refresh in thief.refreshes)
            ended = event_names(server, sid=sid)
            assert "session.revoked" in ended or "refresh.reused" in ended
        else:
            assert browser.get("/test/me").status_code in (200, 303)


@pytest.mark.parametrize("strategy", [polling, blind], ids=lambda strategy: strategy.__name__)
def test_nobody_shares_a_session_over_the_api(server: Server, strategy: Strategy) -> None:
    """One of owner and thief is out after a few lifetimes, over the API too."""
    name = server.browser().sign_up()
    with ApiClient.of_server(server.url) as client, ApiClient.of_server(server.url) as copy:
        client.log_in(name)
        copy.access, copy.refresh = client.access, client.refresh
        out, _lifetimes = play(server, ApiHolder(client), ApiHolder(copy), strategy, random.Random(7))
    assert out != "nobody"


def lose_an_answer(server: Server, browser: Browser) -> str:
    server.clock.advance(HOUR)
    lost = browser.another_tab()
    return case_of(lost.get("/test/me"))


def test_two_lost_answers_an_hour_apart_are_healed(server: Server) -> None:
    """A browser that loses two answers in a row is still logged in an hour later."""
    browser = server.browser()
    browser.sign_up()
    assert lose_an_answer(server, browser) == "case 2: access reissued"
    assert lose_an_answer(server, browser) == "case 2: access reissued, another refresh"
    server.clock.advance(HOUR)
    assert browser.get("/test/me").status_code == 200
    assert case_of(browser.get("/test/me")) == "case 4: both valid"


def test_too_many_lost_answers_are_a_login_and_never_reuse(server: Server) -> None:
    """After six in a row the next request is asked to log in. Nothing is revoked, no cookie is cleared, and the login
    ends the session as `replaced`."""
    browser = server.browser()
    name, sid = browser.sign_up(), browser.sid
    for _ in range(6):
        assert lose_an_answer(server, browser).startswith("case 2: access reissued")
    before = browser.access, browser.refresh
    server.clock.advance(HOUR)
    answer = browser.get("/account")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Faccount"
    assert {"access_token", "refresh_token"}.isdisjoint(cookies_set(answer))
    assert (browser.access, browser.refresh) == before
    names = event_names(server, sid=sid)
    assert names.count("refresh.abandoned") == 1
    assert not {"refresh.reused", "session.revoked"} & set(names)
    form = browser.read_form("/login")
    assert browser.post("/login", form.fields | {"username": name, "password": PASSWORD}).status_code == 303
    assert browser.get("/test/me").status_code == 200
    assert "session.revoked" in event_names(server, sid=sid)


def test_an_abandoned_successor_opens_nothing_until_its_better_is_used(server: Server) -> None:
    """It may renew once more; its access token counts as expired, so it cannot watch for the owner's renewal."""
    browser = server.browser()
    browser.sign_up()
    server.clock.advance(ACCESS_TTL)
    thief = browser.another_tab()
    assert thief.get("/test/me").status_code == 200
    server.clock.advance(5)
    assert case_of(browser.get("/test/me")) == "case 2: access reissued, another refresh"
    watching = thief.another_tab()
    watching.refresh = None
    assert watching.get("/test/me").status_code == 303
    assert browser.get("/test/me").status_code == 200  # used
    server.clock.advance(71)
    assert thief.get("/account").status_code == 200  # its access token is served to its end ...
    server.clock.advance(ACCESS_TTL)
    assert thief.get("/account").status_code == 303  # ... and nothing is renewed, nothing ended
    assert browser.get("/test/me").status_code == 200


def test_in_the_burst_every_answer_is_the_same(server: Server) -> None:
    """Byte for byte, 32 requests in parallel, because browsers keep the last one that comes."""
    browser = server.browser()
    browser.sign_up()
    server.clock.advance(ACCESS_TTL)
    tabs = [browser.another_tab() for _ in range(32)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda tab: tab.get("/test/me"), tabs))
    assert {answer.status_code for answer in answers} == {200}
    assert len({tab.refresh for tab in tabs}) == 1
