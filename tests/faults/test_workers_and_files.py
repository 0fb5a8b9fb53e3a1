"""Workers that die, a locked database file, a full disk, spoiled keys, a clock that goes back."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy.engine import Engine

from tests.support.browser import PASSWORD, Browser, case_of
from tests.support.clock import SetClock
from tests.support.server import Server
from tests.support.sql import database_file, sqlite
from tests.support.witnesses import Crowd
from webapp.services import services_of
from webapp.store.database import db

pytestmark = pytest.mark.faults

DIE = {"X-Test-Die": "before-answer"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("faults"), workers=2, fresh=True) as server:
        yield server


def test_worker_killed_between_commit_and_answer_of_a_refresh(server: Server) -> None:
    """The rotation is committed and its answer lost: the same successor is handed out again, nobody is logged out."""
    visitor = server.browser()
    name = visitor.sign_up()
    visitor.get("/test/me")
    server.clock.advance(601)
    for _ in range(2):
        with pytest.raises(httpx.HTTPError):
            visitor.get("/test/me", headers=DIE)
    answer = visitor.get("/test/me")
    assert answer.json()["username"] == name
    assert case_of(answer) == "case 2: access reissued, same refresh again"
    assert case_of(visitor.get("/test/me")) == "case 4: both valid"


def test_worker_killed_between_commit_and_answer_of_a_log_out(server: Server) -> None:
    """The browser still has its cookies and believes it is logged in; the session is over."""
    visitor = server.browser()
    visitor.sign_up()
    form = visitor.read_form("/", "/logout")
    with pytest.raises(httpx.HTTPError):
        visitor.post(form.action, form.fields, headers=DIE)
    assert visitor.access
    assert visitor.get("/test/me").status_code == 303


def test_worker_killed_between_commit_and_answer_of_a_sign_up(server: Server) -> None:
    """The account exists and can be logged in to."""
    visitor = server.browser()
    form = visitor.read_form("/signup")
    fields = {"username": "lostanswer", "email": "lostanswer@example.com", "password": PASSWORD}
    with pytest.raises(httpx.HTTPError):
        visitor.post(form.action, form.fields | fields, headers=DIE)
    assert visitor.log_in("lostanswer").status_code == 303


def test_workers_killed_under_load(server: Server) -> None:
    """Requests in flight break; nothing else does."""
    crowd = Crowd(server.browser, 4)

    def fault() -> None:
        for _ in range(3):
            server.clock.advance(601)
            with pytest.raises(httpx.HTTPError):
                server.browser().get("/test/open", headers=DIE)

    crowd.while_(fault)
    crowd.all_is_well()


def test_sqlite_locked_by_another_process(server: Server) -> None:
    """Pages go on. A refresh waits and is left to the next request, a logout says 503 and has not happened."""
    reader, leaver = server.browser(), server.browser()
    name = reader.sign_up()
    leaver.sign_up()
    form = leaver.read_form("/", "/logout")
    reader.get("/test/me")
    with sqlite(database_file(server), isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        assert reader.get("/test/me").status_code == 200
        before = (reader.access, reader.refresh)
        server.clock.advance(601)
        answer = reader.get("/test/me")
        assert answer.json()["username"] == name
        assert "set-cookie" not in answer.headers
        assert before == (reader.access, reader.refresh)
        refused = leaver.post(form.action, form.fields)
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert "set-cookie" not in refused.headers
        lock.execute("ROLLBACK")
    assert case_of(reader.get("/test/me")) == "case 2: access reissued"
    assert leaver.get("/test/me").status_code == 200
    assert leaver.log_out().status_code == 303
    assert leaver.get("/test/me").status_code == 303


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.getuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tokenroom-test", folder], stderr=subprocess.DEVNULL
    ).returncode  # fmt: skip
    if not mounted:
        pytest.skip("this user or container may not mount anything")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def test_disk_full(small_disk: Path, tmp_path: Path) -> None:
    """With not a byte left: pages are served, refreshes wait for better days, writes say 503, and no one is lost."""
    place = {"WEBAPP_DATABASE_URL": f"sqlite:///{small_disk}/tokenroom.db"}
    with Server(tmp_path / "instance", settings=place, workers=2, fresh=True) as server:
        crowd = Crowd(server.browser, 2)
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            fill(filler)
        server.clock.advance(601)
        statuses = set()
        for _ in range(30):  # the log of changes soon uses up the room it has left
            statuses.add(
                server.browser()
                .submit("/signup", username="full", email="f@example.com", password=PASSWORD)
                .status_code
            )
            for one, name in crowd.people:
                assert crowd.ask(one, name) == "200"
            if 503 in statuses:
                break
        assert 503 in statuses
        assert statuses <= {303, 422, 503}
        filler.unlink()
        crowd.all_is_well()
        assert server.browser().sign_up()


def test_full_connection_pool(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """Every connection is taken: reading and refreshing go on, the rest says 503 in time, and recovers."""
    name = visitor.sign_up()
    visitor.get("/test/me")
    with app.app_context():
        engine: Engine = db.engine
        engine.pool._timeout = 0.05  # type: ignore[attr-defined]
        held = [engine.connect() for _ in range(engine.pool.size() + engine.pool._max_overflow)]  # type: ignore[attr-defined]
    clock.advance(601)
    late = visitor.another_tab()
    # One statement on the thread's own connection.
    assert case_of(visitor.get("/test/me")) == "case 2: access reissued"
    # To hand the same successor out again is a transaction, and has to wait for the next request.
    answer = late.get("/test/me")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    stranger = Browser.of_app(app)
    refused = stranger.log_in(name)
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    for connection in held:
        connection.close()
    assert case_of(late.get("/test/me")) == "case 2: access reissued, same refresh again"
    assert stranger.log_in(name).status_code == 303


def test_key_file_replaced_by_rubbish(app: Flask, visitor: Browser, caplog: pytest.LogCaptureFixture) -> None:
    """The ring in use stays in use, loudly; mending the file is enough, no restart."""
    visitor.sign_up()
    ring = services_of(app).key_ring
    path = services_of(app).settings.keys_file
    good = path.read_text()
    for rubbish in ("", "{", "[]", '{"keys": []}', "\0" * 100, "not a ring at all"):
        path.write_text(rubbish)
        ring._looked_at = float("-inf")
        with caplog.at_level(logging.CRITICAL):
            assert visitor.get("/test/me").status_code == 200
        assert "KEY FILE NOT USABLE" in caplog.text
        caplog.clear()
        another = Browser.of_app(app)
        another.sign_up()
        assert another.get("/test/me").status_code == 200
    path.write_text(good)
    ring._looked_at = float("-inf")
    assert visitor.get("/test/me").status_code == 200


@pytest.mark.parametrize("back", [1, 30, 59])
def test_a_clock_that_steps_back(app: Flask, visitor: Browser, clock: SetClock, back: int) -> None:
    """Up to a minute: nobody is logged out, refreshed tokens of the future stay good, nothing dead lives again."""
    name = visitor.sign_up()
    ended = Browser.of_app(app)
    ended.sign_up()
    copy = ended.another_tab()
    ended.log_out()
    clock.advance(601)
    visitor.get("/test/me")
    clock.advance(-back)
    for _ in range(3):
        assert visitor.get("/test/me").json()["username"] == name
    assert copy.get("/test/me").status_code == 303
    clock.advance(back + 601)
    assert case_of(visitor.get("/test/me")) == "case 2: access reissued"


def test_a_clock_an_hour_back_serves_nobody_wrongly(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """Tokens from an hour in the future are refused: a login page, never a 500, and login works at once."""
    name = visitor.sign_up()
    clock.advance(-3600)
    assert visitor.get("/test/me").status_code == 303
    assert visitor.log_in(name).status_code == 303
    assert visitor.get("/test/me").status_code == 200
