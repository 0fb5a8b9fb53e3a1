"""A soak: mixed traffic over 4 workers on a PostgreSQL of its own, with what must be zero counted and memory watched.

    .venv/bin/python bench/soak.py [--minutes 10] [--people 24]

The clock of the server is set, and runs ten times as fast. Access tokens live a minute, so everybody refreshes every
six seconds. (Faster still, and the grace for requests under way would be shorter than they take.) Before it starts,
every worker is shown as many tokens as it remembers, so that growth afterwards is a leak. Ends with status 1
if an invariant broke or memory grew.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402

from bench.load import request, send  # noqa: E402
from tests.support.browser import Browser  # noqa: E402
from tests.support.cluster import Cluster  # noqa: E402
from tests.support.server import Server  # noqa: E402
from webapp import create_app  # noqa: E402
from webapp.core.tokens import REMEMBERED  # noqa: E402
from webapp.services import services_of  # noqa: E402
from webapp.store import auth_sessions  # noqa: E402
from webapp.store.database import db  # noqa: E402

SPEED = 10
"""Seconds of the server's clock a second."""
SETTINGS = {"WEBAPP_ACCESS_TOKEN_TTL": "60"}
WORKERS = 4
MOST_GROWTH = 3.0
"""Percent. Private pages come and go by one in a hundred; a leak would be more."""


class Tally:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.counts: Counter[str] = Counter()

    def __call__(self, what: str) -> None:
        with self._guard:
            self.counts[what] += 1


BROKEN = ("sessions lost", "sessions resurrected", "unauthorised answers", "answers 500", "broken requests")


class Lost(Exception):
    """Sent to the login page, and nobody had ended the session."""


def person(server: Server, tally: Tally, over: threading.Event, seed: int) -> None:
    """One person's evening, again and again, until it is over."""
    chance = random.Random(seed)
    browser = server.browser()
    name = browser.sign_up()
    ghosts: list[Browser] = []
    while not over.is_set():
        try:
            browser = act(chance, server, browser, name, ghosts, tally)
        except httpx.HTTPError as error:
            tally("broken requests")
            print(f"broken: {type(error).__name__}", flush=True)
        except Lost as lost:
            tally("sessions lost")
            print(f"lost: {lost}", flush=True)
            browser = log_in(server, name, tally)


def act(
    chance: random.Random, server: Server, browser: Browser, name: str, ghosts: list[Browser], tally: Tally
) -> Browser:
    """One thing a person does; the browser they go on with."""
    what = chance.choices(["page", "tabs", "log out", "theft", "ghost"], [300, 30, 3, 1, 10])[0]
    if what == "page":
        look(browser, name, tally)
    elif what == "tabs":
        # Tabs share one jar, so whichever answer comes last decides what the browser holds.
        with ThreadPoolExecutor(3) as tabs:
            list(tabs.map(lambda _tab: look(browser, name, tally), range(3)))
        look(browser, name, tally)
    elif what == "log out":
        ghosts.append(browser.another_tab())
        until_answered(browser.log_out, tally)
        tally("log-outs")
        browser = log_in(server, name, tally)
    elif what == "theft":
        stolen = browser.another_tab()
        generation = browser.refresh
        deadline = time.monotonic() + 60
        while browser.refresh == generation and time.monotonic() < deadline:
            look(browser, name, tally)  # until it has been renewed, then used, then the grace is over
        look(browser, name, tally)
        settled = server.clock()
        while server.clock() <= settled + 11:
            time.sleep(0.05)
            look(browser, name, tally)
        if until_answered(lambda: stolen.get("/test/me"), tally).status_code == 200:
            tally("unauthorised answers")
        if until_answered(lambda: browser.get("/test/me"), tally).status_code == 200:
            tally("sessions resurrected")
        tally("thefts found")
        ghosts += [stolen, browser]
        browser = log_in(server, name, tally)
    elif ghosts:
        if chance.choice(ghosts).another_tab().get("/test/me").status_code == 200:
            tally("sessions resurrected")
        tally("ghosts turned away")
        del ghosts[:-5]
    return browser


def look(browser: Browser, name: str, tally: Tally) -> None:
    answer = browser.get("/test/me")
    tally("pages")
    if answer.status_code == 500:
        tally("answers 500")
    elif answer.status_code == 303:
        raise Lost(answer.headers["location"])
    elif answer.status_code == 503:
        tally("answers 503")
    elif answer.json()["username"] != name:
        tally("unauthorised answers")
    if "set-cookie" in answer.headers:
        tally("refreshes")


def until_answered(ask: Callable[[], httpx.Response], tally: Tally) -> httpx.Response:
    """Do as a 503 says: nothing was changed, send it again."""
    while (answer := ask()).status_code == 503:
        tally("answers 503")
        time.sleep(0.2)
    return answer


def log_in(server: Server, name: str, tally: Tally) -> Browser:
    browser = server.browser()
    answer = until_answered(lambda: browser.log_in(name), tally)
    tally("log-ins" if answer.status_code == 303 else f"log-ins answered {answer.status_code}")
    return browser


def fill_memories(server: Server) -> None:
    """Show every worker so many access tokens of one session that it forgets the oldest of them."""
    browser = server.browser()
    browser.sign_up()
    app = create_app(server.settings)
    tokens = services_of(app).tokens
    claims = tokens.verify_access(browser.access, "web", server.clock()).claims
    assert claims
    with app.app_context():
        row = auth_sessions.load(claims.sid)
        db.engine.dispose()
    assert row
    # Half as many again, because the kernel does not deal connections out evenly.
    for _ in range(WORKERS * REMEMBERED * 3 // 2):
        access = tokens.mint_access(row, gen=0, now=server.clock(), auth_time=row.auth_time)
        asked = request("GET", "/test/me", host=f"127.0.0.1:{server.port}", cookies={"access_token": access})
        send(server.port, [asked]).demand(200)


def memory(server: Server) -> float:
    """Megabytes (10^6) of all workers together, their own pages only."""
    assert server.process
    master = server.process.pid
    total = 0
    for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean", "Private_Dirty")):
                total += int(line.split()[1]) * 1024
    return total / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/soak.py", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=24)
    options = parser.parse_args()
    tally, over = Tally(), threading.Event()
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "postgres", fsync="on") as cluster,
        Server(Path(folder) / "server", cluster.address, workers=WORKERS, settings=SETTINGS) as server,
    ):
        fill_memories(server)
        people = [threading.Thread(target=person, args=(server, tally, over, seed)) for seed in range(options.people)]
        for thread in people:
            thread.start()
        sizes = []
        started, began = time.monotonic(), server.clock()
        shown = 0.0
        # The clock runs until the last of them is home, because some wait for it.
        while any(thread.is_alive() for thread in people):
            passed = time.monotonic() - started
            if passed >= options.minutes * 60:
                over.set()
            server.clock.set(began + int(passed * SPEED))
            if passed >= shown:
                sizes.append(memory(server))
                print(f"{passed:4.0f} s  {sizes[-1]:6.1f} MB  {dict(tally.counts)}", flush=True)
                shown += 15
            time.sleep(0.01)
        sizes.append(memory(server))
    third = len(sizes) // 3
    # The lowest of each, because a login's hash takes 19 MB for a moment.
    before, after = min(sizes[third : 2 * third + 1]), min(sizes[2 * third :])
    growth = (after / before - 1) * 100
    print(f"memory of {WORKERS} workers: {before:.1f} MB in the second third, {after:.1f} in the last: {growth:+.1f} %")
    for what in BROKEN:
        print(f"{what}: {tally.counts[what]}")
    return 1 if any(tally.counts[what] for what in BROKEN) or growth > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
