"""People at work while something breaks, and the four figures that must stay at zero."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.support.browser import Browser


@dataclass
class Seen:
    """What happened to a crowd's requests."""

    answers: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    """Sent to the login page though nobody ended the session."""
    resurrected: int = 0
    """Served on a session that had been logged out."""
    unauthorised: int = 0
    """Served as another user."""
    errors: int = 0
    """Status 500."""
    slowest: float = 0.0
    """Seconds that the slowest answer took."""

    def demand_zero(self) -> None:
        zero = (self.lost, self.resurrected, self.unauthorised, self.errors)
        assert zero == (0, 0, 0, 0), f"lost, resurrected, unauthorised, 500s: {zero}; {self.answers}"


class Crowd:
    """`people` with a session each, and as many who logged out and keep trying with the cookies they had."""

    def __init__(self, browser: Callable[[], Browser], people: int = 6) -> None:
        self.seen = Seen()
        self.people: list[tuple[Browser, str]] = []
        self.ghosts: list[Browser] = []
        self._guard = threading.Lock()
        for number in range(people):
            one = browser()
            name = one.sign_up()
            if number % 2:
                self.ghosts.append(one.another_tab())
                assert one.log_out().status_code == 303
                assert one.log_in(name).status_code == 303
            assert one.get("/test/me").status_code == 200
            self.people.append((one, name))

    def while_(self, fault: Callable[[], None]) -> None:
        """Everybody asks for pages while `fault` runs, and at least ten times."""
        over = threading.Event()
        threads = [threading.Thread(target=self._work, args=(one, name, over)) for one, name in self.people]
        threads += [threading.Thread(target=self._work, args=(ghost, None, over)) for ghost in self.ghosts]
        for thread in threads:
            thread.start()
        try:
            fault()
        finally:
            over.set()
            for thread in threads:
                thread.join(60)
        assert not any(thread.is_alive() for thread in threads)

    def _work(self, browser: Browser, name: str | None, over: threading.Event) -> None:
        asked = 0
        while not over.is_set() or asked < 10:
            asked += 1
            self.ask(browser, name)

    def ask(self, browser: Browser, name: str | None) -> str:
        """One page; `name` is who asks, or None for a ghost."""
        started = time.monotonic()
        try:
            answer = browser.get("/test/me")
        except httpx.HTTPError as error:
            return self._note(type(error).__name__)
        with self._guard:
            self.seen.slowest = max(self.seen.slowest, time.monotonic() - started)
            if answer.status_code == 200:
                if name is None:
                    self.seen.resurrected += 1
                elif answer.json()["username"] != name:
                    self.seen.unauthorised += 1
            elif answer.status_code == 303 and name is not None:
                self.seen.lost += 1
            elif answer.status_code == 500:
                self.seen.errors += 1
            elif answer.status_code == 503:
                assert answer.headers.get("retry-after")
                assert "set-cookie" not in answer.headers
        return self._note(str(answer.status_code))

    def _note(self, what: str) -> str:
        with self._guard:
            self.seen.answers[what] += 1
        return what

    def all_is_well(self) -> None:
        """The fault is over: everybody is served as themselves, the ghosts are not, and nothing was lost meanwhile."""
        for one, name in self.people:
            assert self.ask(one, name) == "200", self.seen
        for ghost in self.ghosts:
            assert self.ask(ghost, None) == "303", self.seen
        self.seen.demand_zero()
