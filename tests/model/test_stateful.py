"""Honest browsers, lost answers, pauses, logouts and a thief, in any order, through the front door."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support.app import build_app
from tests.support.browser import Browser, cookies_set, read_parts
from tests.support.clock import SetClock
from tests.support.trail import event_names
from webapp.core.lifetimes import MOST_FORKS
from webapp.services import services_of
from webapp.store.database import db

ACCESS_TTL, GRACE, DAY = 600, 10, 24 * 3600
MOST_TURNS = 8
"""Changes of who renews that the walk through all states knows (tests/model/test_exploration.py)."""
PAUSES = [1, GRACE, GRACE + 1, ACCESS_TTL - 1, ACCESS_TTL, ACCESS_TTL + 1, 3600, DAY, 13 * DAY]

_template: Path | None = None


class TwoTokens(RuleBasedStateMachine):
    """One person, one session, a browser with several tabs; perhaps a thief with a copy of its cookies."""

    def __init__(self) -> None:
        super().__init__()
        assert _template is not None
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(_template, self.folder / "i")
        self.app = build_app(self.folder / "i", {})
        clock = services_of(self.app).clock
        assert isinstance(clock, SetClock)
        self.clock = clock
        self.owner = Browser.of_app(self.app)
        self.on_the_wire: list[tuple[int, Browser]] = []
        self.thief: Browser | None = None
        self.thief_acted = self.over = self.left = self.overtaken = False
        self.lost = 0
        self.held: list[Browser] = []

    def teardown(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        shutil.rmtree(self.folder)

    @initialize()
    def sign_up(self) -> None:
        self.owner.sign_up()

    # -- the honest person -----------------------------------------------------------------------------------------

    def send(self, browser: Browser) -> httpx.Response:
        answer = browser.get("/test/me")
        assert answer.status_code in (200, 303), answer.text[-500:]
        return answer

    def honest_request(self, browser: Browser) -> httpx.Response:
        """Served, unless the refresh token it carries has reached its own end, or a thief has stirred things up.

        Or unless it is abandoned: after more lost answers in a row than there are forks, or where a late answer has
        overwritten a newer one. That is a login, never reuse.
        """
        assert browser.refresh
        alive = self.clock() < read_parts(browser.refresh)[1]["exp"]
        answer = self.send(browser)
        if answer.status_code == 303:
            self.over = True
            abandoned = "refresh.abandoned" in event_names(self.app) and (self.lost > MOST_FORKS or self.overtaken)
            assert self.thief_acted or not alive or abandoned, "an honest browser was logged out before its end"
            assert self.thief_acted or "refresh.reused" not in event_names(self.app)
        return answer

    @precondition(lambda self: not self.left and not self.over)
    @rule(lost=st.booleans())
    def look_at_a_page(self, lost: bool) -> None:
        """An answer that is lost reaches the server's row but not the browser's cookies."""
        self.honest_request(self.owner.another_tab() if lost else self.owner)
        self.lost = self.lost + 1 if lost else 0

    @precondition(lambda self: not self.left and not self.over)
    @rule()
    def a_tab_sends(self) -> None:
        """A request that leaves now and arrives later, within the time things stay on the wire."""
        self.on_the_wire.append((self.clock(), self.owner.another_tab()))

    @precondition(lambda self: bool(self.on_the_wire) and not self.left and not self.over)
    @rule(lost=st.booleans(), which=st.integers(0, 9))
    def it_arrives(self, lost: bool, which: int) -> None:
        _, tab = self.on_the_wire.pop(which % len(self.on_the_wire))
        answer = self.honest_request(tab)
        if answer.status_code == 200 and not lost:
            for name in cookies_set(answer):
                self.owner.set_cookie(name, tab.cookie(name))
                self.overtaken = True
        elif lost:
            self.lost += 1

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: int) -> None:
        now = self.clock.advance(seconds)
        self.on_the_wire = [(since, tab) for since, tab in self.on_the_wire if now - since <= GRACE]

    @precondition(lambda self: not self.left and not self.over)
    @rule()
    def log_out(self) -> None:
        form = self.owner.another_tab().read_form("/", "/logout") if self.alive() else None
        if form is None:
            return
        self.held = [self.owner.another_tab(), *(tab for _, tab in self.on_the_wire)]
        if self.thief is not None:
            self.held.append(self.thief)
        assert self.owner.post("/logout", form.fields).status_code == 303
        self.left = True

    def alive(self) -> bool:
        return self.send(self.owner.another_tab()).status_code == 200

    @invariant()
    def nothing_lives_after_a_log_out(self) -> None:
        if self.left:
            for browser in self.held:
                assert self.send(browser.another_tab()).status_code == 303

    # -- the thief -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.thief is None and not self.left and not self.over)
    @rule()
    def steal(self) -> None:
        self.thief = self.owner.another_tab()

    @precondition(lambda self: self.thief is not None and not self.left)
    @rule()
    def the_thief_acts(self) -> None:
        assert self.thief is not None
        self.thief_acted = True
        self.send(self.thief)

    @precondition(lambda self: self.thief is not None and self.thief_acted and not self.left and not self.over)
    @rule()
    def both_go_on(self) -> None:
        """Each refreshes and uses what it got, in turn: after a few turns one of them gets nothing more."""
        assert self.thief is not None
        self.on_the_wire.clear()
        for _ in range(MOST_TURNS):
            for browser in (self.owner, self.thief):
                self.clock.advance(ACCESS_TTL)
                for _ in range(2):
                    if self.send(browser).status_code == 303:
                        self.over = True
                        return
        raise AssertionError("thief and owner went on side by side")


def test_two_tokens(migrated_sqlite: Path) -> None:
    """No order of requests, pauses and thefts breaks an invariant of the model."""
    global _template
    _template = migrated_sqlite
    case: Any = TwoTokens.TestCase()
    case.settings = settings(
        max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    case.runTest()
