"""`./dev bench`: what authentication adds to a page, here and with others, in one run on one machine.

    ./dev bench             everything; writes docs/performance.md (between its marks) and docs/performance.svg
    ./dev bench --quick     a short look; prints, and writes to bench/results/ only
    ./dev bench --pages     our own pages in bare pages, in one process, without a server; prints
    ./dev bench --scale     a table of a million sessions on PostgreSQL; prints

Every contender runs at the same time, each under a gunicorn with one sync worker; they are asked in turns, a few
hundred requests each, so that whatever else the machine does falls on all of them alike. Figures are medians of the
rounds; ratios are taken within a round. Processor time is the worker's own, from /proc. All load stays on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import contenders, own_pages, report, statements  # noqa: E402
from bench import scale as large  # noqa: E402
from bench.contenders import Contender  # noqa: E402
from bench.databases import postgres_database  # noqa: E402
from bench.load import request, send  # noqa: E402
from bench.people import HOST, PASSWORD, prepare, sign_in  # noqa: E402
from bench.process import Worker  # noqa: E402
from tests.support.databases import postgres_is_there  # noqa: E402
from webapp.core.passwords import hash_password, verify_password  # noqa: E402

HERE = Path(__file__).parent
LOCK = HERE / "requirements-peers.txt"
PEERS, DEPLOYED = HERE / ".venv", HERE / ".venv-deployed"


def python_with(lock: Path, folder: Path) -> Path:
    """The Python of an environment in `folder` that holds what `lock` names, and nothing else."""
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing {lock.name} into {folder.relative_to(ROOT)}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
        subprocess.run([python, "-m", "pip", "install", *quiet, "-r", lock], check=True)
        stamp.write_text(wanted)
    return python


class Scale:
    """How long to measure."""

    def __init__(self, quick: bool) -> None:
        # Many short rounds, because where the machine has slow moments, each contender gets its share of them.
        self.rounds = 3 if quick else 40
        self.pages = 150
        self.own_pages = 5 if quick else 60
        self.refreshes = 100 if quick else 150
        self.log_ins = 5 if quick else 30
        self.starts = 1 if quick else 5
        self.sizes = [10**3, 10**4] if quick else [10**3, 10**4, 10**5, 10**6]
        self.lookups = 200 if quick else 1000
        self.commits = (3, 50) if quick else (15, 200)


def measure(contender: Contender, requests: list[bytes], *statuses: int) -> tuple[float, float, Any]:
    """Processor seconds and wall seconds a request, and the answers."""
    before = contender.worker.cpu()
    load = send(contender.worker.port, requests)
    used = contender.worker.cpu() - before
    load.demand(*statuses)
    return used / len(requests), load.seconds / len(requests), load.answers


def pages(field: list[Contender], scale: Scale, kind: str) -> dict[str, dict[str, float]]:
    """Ask every contender for the page, in turns; `kind`: "templates", or "pages" of text. The first is the measure."""
    asked: dict[str, list[bytes]] = {contender.name: getattr(contender, kind) for contender in field}
    for contender in field:
        send(contender.worker.port, asked[contender.name] * 2).demand(200)
    seen: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in field}
    for number in range(scale.rounds):
        print(f"  {kind}, round {number + 1} of {scale.rounds}", flush=True)
        for contender in field:
            requests = asked[contender.name]
            again = -(-scale.pages // len(requests))
            cpu, wall, _ = measure(contender, (requests * again)[: scale.pages], 200)
            seen[contender.name].append((cpu, wall))
    return ratios(seen, field[0].name)


def ratios(seen: dict[str, list[tuple[float, float]]], base: str) -> dict[str, dict[str, float]]:
    """Medians over the rounds. `relative`: of requests per second, to the bare page in the same round."""
    found = {}
    for name, rounds in seen.items():
        pairs = list(zip(rounds, seen[base], strict=True))
        found[name] = {
            "cpu": statistics.median(cpu for cpu, _ in rounds) * 1e6,
            "rate": statistics.median(1 / wall for _, wall in rounds),
            "cpu_ratio": statistics.median(bare[0] / own[0] for own, bare in pairs),
            "rate_ratio": statistics.median(bare[1] / own[1] for own, bare in pairs),
        }
    return found


def refreshes(field: list[Contender], scale: Scale) -> dict[str, dict[str, float]]:
    """One refresh, counted in bare pages; for ours also the first page after it, which confirms."""
    base = field[0]
    seen: dict[str, list[tuple[float, float]]] = {}
    for number in range(scale.rounds):
        print(f"  refreshes, round {number + 1} of {scale.rounds}", flush=True)
        again = -(-scale.refreshes // len(base.templates))
        cpu, wall, _ = measure(base, (base.templates * again)[: scale.refreshes], 200)
        for contender in field:
            if contender.refreshes is None:
                continue
            own = measure(contender, contender.refreshes(scale.refreshes), 200)
            seen.setdefault(contender.name, []).append((own[0] / cpu, own[1] / wall))
            if contender.after_refresh and (following := contender.after_refresh(own[2])):
                own = measure(contender, following, 200)
                seen.setdefault(f"{contender.name}: the page after it", []).append((own[0] / cpu, own[1] / wall))
    return {
        name: {"cpu": statistics.median(c for c, _ in rounds), "wall": statistics.median(w for _, w in rounds)}
        for name, rounds in seen.items()
    }


def account_page(field: list[Contender], scale: Scale) -> dict[str, dict[str, float]]:
    """Our own account page with its forms, in bare pages."""
    found = {}
    for contender in field:
        if not contender.signed:
            continue
        asked = [request("GET", "/account", host=HOST, cookies=one.cookies()) for one in contender.signed[:50]]
        send(contender.worker.port, asked).demand(200)
        rounds = []
        for _ in range(scale.rounds):
            cpu, wall, _ = measure(field[0], field[0].templates * 100, 200)
            own = measure(contender, asked * 2, 200)
            rounds.append((own[0] / cpu, own[1] / wall, own[0]))
        found[contender.name] = {
            "cpu": statistics.median(r[0] for r in rounds),
            "wall": statistics.median(r[1] for r in rounds),
            "micro": statistics.median(r[2] for r in rounds) * 1e6,
        }
    return found


def log_ins(field: list[Contender], scale: Scale) -> dict[str, dict[str, float]]:
    """A login through the form, and how much of it is the password's hash."""
    hashed = hash_password(PASSWORD)
    started = time.process_time()
    for _ in range(scale.log_ins):
        verify_password(hashed, PASSWORD)
    hash_seconds = (time.process_time() - started) / scale.log_ins
    found = {}
    for contender in field:
        if not contender.signed:
            continue
        form = send(contender.worker.port, [request("GET", "/login", host=HOST)]).answers[0]
        token = form.body.partition(b'name="csrf_token"')[2].partition(b'value="')[2].partition(b'"')[0].decode()
        body = f"csrf_token={token}&username=ada0&password={PASSWORD.replace(' ', '+')}".encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"}
        post = request("POST", "/login", host=HOST, cookies=form.cookies, body=body, headers=kind)
        cpu, _wall, _answers = measure(contender, [post] * scale.log_ins, 303)
        found[contender.name] = {"cpu": cpu * 1e3, "hash": hash_seconds * 1e3}
    return found


def starts(folder: Path, scale: Scale) -> dict[str, float]:
    """From `gunicorn` to the first answer, with our own configuration but one worker; and a worker's memory.

    In an environment as it is deployed, because a library that finds a developer's tools beside it loads them as well.
    """
    python = python_with(ROOT / "requirements.txt", DEPLOYED)
    settings = prepare(folder, None)
    signed = sign_in(settings, 1)[0]
    seconds, rss, pss = [], [], []
    for _ in range(scale.starts):
        configuration = ("-c", str(ROOT / "gunicorn.conf.py"), "-w", "1")
        with Worker(python, "ours", settings, folder / "start.log", *configuration) as worker:
            seconds.append(worker.start_seconds)
            for path in ("/page", "/account", "/"):
                send(worker.port, [request("GET", path, host=HOST, cookies=signed.cookies())] * 100, window=1).demand(
                    200
                )
            resident, proportional = worker.memory()
            rss.append(resident)
            pss.append(proportional)
    return {"seconds": statistics.median(seconds), "rss": statistics.median(rss), "pss": statistics.median(pss)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short look; leaves docs/ alone")
    parser.add_argument("--only", choices=["pages", "statements", "starts"], help="a part of it; leaves docs/ alone")
    parser.add_argument("--pages", action="store_true", help="our own pages, in one process (bench/own_pages.py)")
    parser.add_argument(
        "--before", metavar="COMMIT", help="with --pages: measure this commit as well, in turns with the present state"
    )
    parser.add_argument(
        "--scale",
        type=int,
        nargs="?",
        const=1_000_000,
        metavar="SESSIONS",
        help="what a large table costs (bench/scale.py)",
    )
    parser.add_argument(
        "--partitions", type=int, default=0, metavar="N", help="with --scale: parts of the table, by hash"
    )
    options = parser.parse_args()
    if options.scale:
        if not postgres_is_there():
            parser.error("--scale needs a PostgreSQL server, see WEBAPP_TEST_POSTGRES")
        large.main(options.scale, options.partitions)
        return
    scale = Scale(options.quick)
    if options.pages:
        own_pages.main(scale.own_pages, options.before)
        return
    python, others = Path(sys.executable), python_with(LOCK, PEERS)
    postgres = postgres_is_there()
    found: dict[str, Any] = {"machine": machine(), "postgres": postgres, "quick": options.quick}

    with tempfile.TemporaryDirectory(prefix="tokenroom-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        if options.only in (None, "pages"):
            field = enter_all(stack, python, others, folder, postgres, scale)
            found["templates"] = pages(field, scale, "templates")
            found["pages"] = pages(field, scale, "pages")
            found["account"] = account_page(field, scale)
            found["refreshes"] = refreshes(field, scale)  # last, because it wears the tokens out
            found["log_ins"] = log_ins(field, scale)
            stack.close()
        if options.only is None:
            print("  our own pages", flush=True)
            found["own_pages"] = own_pages.measure(scale.own_pages)
        if options.only in (None, "starts"):
            print("  starting workers", flush=True)
            found["start"] = starts(folder / "start", scale)
        if options.only in (None, "statements"):
            for kind in ["sqlite"] + ["postgres"] * postgres:
                print(f"  {kind}: commits, and growth to {scale.sizes[-1]} sessions", flush=True)
                with ExitStack() as own:
                    settings = prepare(
                        folder / kind, own.enter_context(postgres_database()) if kind == "postgres" else None
                    )
                    found[f"commits_{kind}"] = statements.rotation_against_commit(
                        settings, sign_in(settings, 1)[0], *scale.commits
                    )
                    found[f"growth_{kind}"] = statements.growth(settings, scale.sizes, scale.lookups)

    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "last.json").write_text(json.dumps(found, indent=2))
    text = report.table(found)
    print(text)
    if not options.quick and options.only is None:
        report.write(text, found)
        print("Written: docs/performance.md, docs/performance.svg")


def enter_all(
    stack: ExitStack, python: Path, others: Path, folder: Path, postgres: bool, scale: Scale
) -> list[Contender]:
    """Start all contenders, the bare page first."""
    print("  starting all contenders", flush=True)
    enter, peer = stack.enter_context, contenders.peer
    field = [enter(contenders.bare(python, folder))]
    field += [
        enter(contenders.ours(python, folder, postgres=kind, sessions=scale.refreshes))
        for kind in [False] + [True] * postgres
    ]
    field.append(enter(contenders.least(python, folder, field[1])))
    plain = [
        ("Flask-JWT-Extended, stateless", "jwt_stateless", "cookie"),
        ("Flask-Login, user from SQLite", "flask_login_app", ""),
        ("Flask-JWT-Extended, blocklist and user, SQLite", "jwt_database", "cookie"),
        ("Flask-Security, SQLite", "flask_security_app", ""),
        ("Django sessions and SimpleJWT, SQLite", "django_app", "rotating"),
    ]
    for name, module, refresh in plain:
        field.append(enter(peer(others, folder, name, module, refresh=refresh)))
    if postgres:
        for name, module, refresh in (
            ("Flask-Login, user from PostgreSQL", "flask_login_app", ""),
            ("Flask-JWT-Extended, blocklist and user, PostgreSQL", "jwt_database", "cookie"),
            ("Django sessions and SimpleJWT, PostgreSQL", "django_app", "rotating"),
        ):
            field.append(enter(peer(others, folder, name, module, postgres=True, refresh=refresh)))
    return field


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} × {model}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
