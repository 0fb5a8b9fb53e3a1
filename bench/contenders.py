"""Who is measured: a name, the module under bench/apps/, and how a browser gets in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.databases import postgres_database
from bench.load import Answer, request, send
from bench.people import HOST, Signed, prepare, sign_in
from bench.process import Worker

LEAST = "the least it can be, SQLite"

BROWSERS = 50
"""Sessions the page is asked for in turn."""


@dataclass
class Contender:
    name: str
    worker: Worker
    pages: list[bytes]
    """Requests for the page, each of another browser."""
    signed: list[Signed] = field(default_factory=list)
    refreshes: Callable[[int], list[bytes]] | None = None
    """Requests for that many refreshes, each with a token not used before."""
    after_refresh: Callable[[list[Answer]], list[bytes]] | None = None
    """Pages with the tokens that these answers gave."""

    @property
    def templates(self) -> list[bytes]:
        """The same requests, for the page that is filled from a template."""
        return [asked.replace(b"GET /page ", b"GET /template ", 1) for asked in self.pages]


@contextmanager
def bare(python: Path, folder: Path) -> Iterator[Contender]:
    with Worker(python, "bare", {}, folder / "bare.log") as worker:
        yield Contender("bare page", worker, [request("GET", "/page")])


@contextmanager
def ours(python: Path, folder: Path, *, postgres: bool, sessions: int) -> Iterator[Contender]:
    name = f"Tokenroom, {'PostgreSQL' if postgres else 'SQLite'}"
    home = folder / ("ours_postgres" if postgres else "ours_sqlite")
    with ExitStack() as stack:
        settings = prepare(home, stack.enter_context(postgres_database()) if postgres else None)
        signed = sign_in(settings, sessions)
        counted = home / "metrics"
        counted.mkdir()
        environment = settings | {"PROMETHEUS_MULTIPROC_DIR": str(counted)}  # counting is part of the price
        worker = stack.enter_context(Worker(python, "ours", environment, folder / f"{home.name}.log"))
        held = {one.row.sid: one.refresh for one in signed}

        def page(one: Signed) -> bytes:
            return request("GET", "/page", host=HOST, cookies=one.cookies())

        def refreshes(count: int) -> list[bytes]:
            chosen = signed[:count]
            return [
                request(
                    "GET", "/template", host=HOST, cookies=one._replace(refresh=held[one.row.sid]).cookies(expired=True)
                )
                for one in chosen
            ]

        def after(answers: list[Answer]) -> list[bytes]:
            pages = []
            for one, answer in zip(signed, answers, strict=False):
                held[one.row.sid] = answer.cookies["__Host-refresh_token"]
                pages.append(request("GET", "/template", host=HOST, cookies=answer.cookies))
            return pages

        send(worker.port, [page(one) for one in signed]).demand(200)  # confirms every session
        yield Contender(name, worker, [page(one) for one in signed[:BROWSERS]], signed, refreshes, after)


@contextmanager
def least(python: Path, folder: Path, like: Contender) -> Iterator[Contender]:
    """The least that such a design can cost, with the tokens and the database of one of ours."""
    with Worker(python, "least", like.worker.environment, folder / "least.log") as worker:
        yield Contender(LEAST, worker, like.pages)


@contextmanager
def peer(
    python: Path, folder: Path, name: str, module: str, *, postgres: bool = False, refresh: str = ""
) -> Iterator[Contender]:
    """A contender that lets a browser in at `/enter`. `refresh`: "cookie" or "rotating" where it has one."""
    with ExitStack() as stack:
        slug = f"{module}_{'postgres' if postgres else 'sqlite'}"
        if postgres:
            address = stack.enter_context(postgres_database())
            if module != "django_app":
                address = address.replace("postgresql://", "postgresql+psycopg://")
        else:
            address = f"sqlite:///{folder / f'{slug}.db'}"
        worker = stack.enter_context(Worker(python, module, {"BENCH_DATABASE": address}, folder / f"{slug}.log"))
        entered = send(worker.port, [request("GET", "/enter")] * BROWSERS)
        entered.demand(200)
        jars = [answer.cookies for answer in entered.answers]
        contender = Contender(name, worker, [request("GET", "/page", cookies=jar) for jar in jars])
        if refresh == "cookie":
            posts = [request("POST", "/refresh", cookies=jar, headers={"Content-Length": "0"}) for jar in jars]
            contender.refreshes = lambda count: [posts[i % len(posts)] for i in range(count)]
        elif refresh == "rotating":
            pairs = send(worker.port, [request("GET", "/pair")] * 400)
            pairs.demand(200)
            held = [json.loads(answer.body)["refresh"] for answer in pairs.answers]

            def posts_of(count: int) -> list[bytes]:
                kind = {"Content-Type": "application/json"}
                bodies = [json.dumps({"refresh": token}).encode() for token in held[:count]]
                return [request("POST", "/refresh", body=body, headers=kind) for body in bodies]

            def keep(answers: list[Answer]) -> list[bytes]:
                for i, answer in enumerate(answers):
                    held[i] = json.loads(answer.body)["refresh"]
                return []

            contender.refreshes, contender.after_refresh = posts_of, keep
        yield contender
