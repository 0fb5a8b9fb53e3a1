"""What our own pages cost, in bare pages: whole requests inside one process, warm, without server or network.

A bare page is Flask and the template that all contenders render (bench/apps/templates), without authentication. Each
round asks for every page a few times; the figure is processor time, the median of the rounds, and ratios are taken
within a round, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
APPS = Path(__file__).parent / "apps"

BARE = "bare page"
PAGES = {
    "text": ("a view that returns text, signed in", "/text"),
    "template": ("a template page, signed in", "/template"),
    "home": ("`/`, signed in", "/"),
    "account": ("`/account`", "/account"),
    "sessions": ("`/account/sessions`, ten sessions", "/account/sessions"),
    "inspector": ("`/inspector`, empty", "/inspector"),
    "lab": ("`/lab`, after ten requests", "/lab"),
    "learn": ("`/learn`", "/learn"),
}
TIMES = 4
"""Requests for each page in a round."""

Ask = Callable[[], float]


def environ_of(path: str, host: str, cookies: str = "") -> dict[str, Any]:
    """What a server hands over for a navigation."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 bench",
        "HTTP_SEC_FETCH_MODE": "navigate",
        "HTTP_SEC_FETCH_SITE": "same-origin",
        **({"HTTP_COOKIE": cookies} if cookies else {}),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def ask(app: Any, environ: dict[str, Any]) -> float:
    """Processor seconds of one request. Keeps the cookies of its answer, as a browser does. Ends the run unless 200."""
    told: list[tuple[str, list[tuple[str, str]]]] = []
    request = dict(environ, **{"wsgi.input": BytesIO()})

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], object]:
        told.append((status, headers))
        return lambda _data: None

    started = time.process_time_ns()
    answer = app(request, start)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    used = (time.process_time_ns() - started) / 1e9
    status, headers = told[0]
    if not status.startswith("200"):
        raise SystemExit(f"bench: {environ['PATH_INFO']} answered {status} {body[:300]!r}")
    for name, value in headers:
        if name == "Set-Cookie":
            environ["HTTP_COOKIE"] += f"; {value.partition(';')[0]}"
    return used


@contextmanager
def all_pages(folder: Path) -> Iterator[dict[str, Ask]]:
    """Everything that is measured, ready to be asked."""
    from flask import Blueprint, Flask, render_template
    from flask_login import current_user
    from page import LINES, page  # type: ignore[import-not-found]
    from sqlalchemy import text

    from bench.people import HOST, prepare, sign_in
    from webapp import create_app
    from webapp.core.demands import NOTHING
    from webapp.flows.arrival import Arrival
    from webapp.flows.client import Client
    from webapp.flows.open_session import open_session
    from webapp.services import services_of
    from webapp.store.database import db, transact

    settings = prepare(folder, None) | {"WEBAPP_LAB": "on"}
    signed, in_lab = sign_in(settings, 2)
    ours, bare = create_app(settings), Flask("bare", template_folder=str(APPS / "templates"))
    bare.add_url_rule("/page", view_func=lambda: render_template("page.html", name="Ada Lovelace", lines=LINES))
    views = Blueprint("bench", __name__, root_path=str(APPS), template_folder="templates")
    views.add_url_rule("/text", "text", lambda: page(current_user.name))
    views.add_url_rule(
        "/template", "template", lambda: render_template("page.html", name=current_user.name, lines=LINES)
    )
    ours.register_blueprint(views)

    lifetimes = services_of(ours).tokens.lifetimes
    arrival = Arrival("web", Client("127.0.0.1", "bench"), int(time.time()), lifetimes, NOTHING, persistent=True)
    with ours.app_context():
        for _ in range(9):
            transact(lambda tx: open_session(tx, arrival, user_id=signed.row.user_id, credential_epoch=0))

    def cookies_of(one: Any) -> str:
        return "; ".join(f"{name}={value}" for name, value in one.cookies().items())

    def forget_newest() -> None:
        """Keep ten requests in the lab's memory."""
        with ours.app_context(), db.engine.begin() as connection:
            connection.execute(
                text("DELETE FROM lab_requests WHERE id NOT IN (SELECT id FROM lab_requests ORDER BY id LIMIT 10)")
            )

    def asking(path: str) -> Ask:
        one = in_lab if path == "/lab" else signed
        environ = environ_of(path, HOST, cookies_of(one))

        def work() -> float:
            if path == "/lab":
                forget_newest()
            return ask(ours, environ)

        return work

    pages: dict[str, Ask] = {BARE: lambda: ask(bare, environ_of("/page", HOST))}
    pages |= {name: asking(path) for name, (_words, path) in PAGES.items()}
    for _ in range(12):
        for work in pages.values():
            work()
    gc.collect()
    gc.freeze()  # as a worker does (gunicorn.conf.py)
    yield pages
    with ours.app_context():
        db.engine.dispose()


def serve() -> None:
    """The child: for each line on standard input a round, told as one line of JSON (microseconds by page)."""
    with tempfile.TemporaryDirectory(prefix="tokenroom-bench-") as name, all_pages(Path(name)) as pages:
        print("ready", flush=True)
        for _line in sys.stdin:
            spent: dict[str, list[float]] = {page: [] for page in pages}
            for page, work in pages.items():
                spent[page] += [work() for _ in range(TIMES)]
            print(json.dumps({page: statistics.median(times) * 1e6 for page, times in spent.items()}), flush=True)


@contextmanager
def child(tree: Path) -> Iterator[Callable[[], dict[str, float]]]:
    """The pages of the checkout in `tree`, in a process of its own; call what is yielded for a round."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WEBAPP_")}
    environment["PYTHONPATH"] = f"{tree}:{APPS}"
    command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
    process = subprocess.Popen(
        command, cwd=tree, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    told = process.stdout
    assert process.stdin is not None
    assert told is not None
    try:
        if told.readline() != "ready\n":
            raise SystemExit("bench: our own pages did not start")

        def one_round() -> dict[str, float]:
            print("round", file=process.stdin, flush=True)
            found: dict[str, float] = json.loads(told.readline())
            return found

        yield one_round
    finally:
        process.stdin.close()
        process.wait(30)


def measure(rounds: int, before: Path | None = None) -> dict[str, dict[str, dict[str, float]]]:
    """Medians by tree ("now", "before") and page: microseconds, and `ratio` to the bare page of the same round."""
    trees = {"now": ROOT} | ({"before": before} if before else {})
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    with ExitStack() as stack:
        asked = {name: stack.enter_context(child(tree)) for name, tree in trees.items()}
        for _ in range(rounds):
            for name, one_round in asked.items():
                seen[name].append(one_round())
    return {
        name: {
            page: {
                "cpu": statistics.median(told[page] for told in told_rounds),
                "ratio": statistics.median(told[page] / told[BARE] for told in told_rounds),
            }
            for page in (BARE, *PAGES)
        }
        for name, told_rounds in seen.items()
    }


def table(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Markdown lines."""
    before = found.get("before")
    lines = ["| | bare pages | µs of processor time |" + (" before, bare pages | before, µs |" if before else "")]
    lines.append("|---|---|---|" + ("---|---|" if before else ""))
    for page in (BARE, *PAGES):
        words = PAGES[page][0] if page in PAGES else page
        cells = [f"{tree[page]['ratio']:.1f} | {tree[page]['cpu']:.0f}" for tree in found.values()]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def main(rounds: int, before: str | None) -> None:
    """Print the table; with `before`, a commit, also its figures, measured in turns with the present state."""
    with tempfile.TemporaryDirectory(prefix="tokenroom-before-") as folder:
        if before is not None:
            kept = subprocess.run(["git", "archive", before], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
            subprocess.run(["tar", "-x", "-C", folder], input=kept, check=True)
        found = measure(rounds, Path(folder) if before else None)
    print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")
    print("\n".join(table(found)))


if __name__ == "__main__" and "--serve" in sys.argv:
    serve()
