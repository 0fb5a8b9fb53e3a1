"""/healthz and /readyz while a worker's threads all wait, and what a request is still given that waited for one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.browser import Browser
from tests.support.server import Server
from webapp import queued
from webapp.store.time_budget import PATIENCE

THREADS = 2


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, and each of its threads in a view that does not come back before the test is over."""
    folder = tmp_path_factory.mktemp("busy")
    gates = [folder / f"gate{number}" for number in range(THREADS)]
    with Server(folder / "server", workers=1, arguments=["--threads", str(THREADS)]) as server:
        person = server.browser()
        person.sign_up()
        tabs = [person.another_tab() for _ in gates]
        waiting = [
            threading.Thread(target=tab.get, args=(f"/test/slow?until={gate}",))
            for tab, gate in zip(tabs, gates, strict=True)
        ]
        for thread in waiting:
            thread.start()
        deadline = time.monotonic() + 10
        while not all(gate.with_suffix(".waiting").exists() for gate in gates) and time.monotonic() < deadline:
            time.sleep(0.01)
        yield server
        for gate in gates:
            gate.touch()
        for thread in waiting:
            thread.join(10)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_while_every_thread_waits(busy: Server, path: str) -> None:
    """On a new connection and on one that is kept; a supervisor would otherwise kill a healthy worker."""
    with httpx.Client(base_url=busy.url, timeout=2) as client:
        for _ in range(3):
            assert client.get(path).status_code == 200
        assert client.head(f"{path}?from=balancer").status_code == 200


def test_what_sends_nothing_holds_no_probe_up(busy: Server) -> None:
    """Connections on which nothing arrives (browsers open some in advance) take no thread while all are taken."""
    idle = [socket.create_connection(("127.0.0.1", busy.port), 5) for _ in range(5)]
    try:
        assert httpx.get(f"{busy.url}/healthz", timeout=2).status_code == 200
    finally:
        for one in idle:
            one.close()


def test_pages_wait_for_a_thread_and_are_served(tmp_path: Path) -> None:
    """Only probes have threads of their own, so a page comes when its turn comes, and pipelined requests too."""
    gate = tmp_path / "gate"
    with Server(tmp_path / "server", workers=1, arguments=["--threads", "1"]) as server:
        person = server.browser()
        person.sign_up()
        slow = threading.Thread(target=person.another_tab().get, args=(f"/test/slow?until={gate}",))
        slow.start()
        while not gate.with_suffix(".waiting").exists():
            time.sleep(0.01)
        with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
            one = f"GET /test/pid HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n".encode()
            raw.sendall(one + b"\r\n" + one + b"Connection: close\r\n\r\n")
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{server.url}/test/pid", timeout=0.3)
            gate.touch()
            answers = b""
            while data := raw.recv(65536):
                answers += data
        slow.join(10)
    assert answers.count(b"HTTP/1.1 200") == 2


def test_a_request_that_waited_long_for_a_thread_does_not_wait_again(visitor: Browser) -> None:
    """Its patience began when it came: 503 at once, as if it had waited for the database."""
    visitor.sign_up()
    form = visitor.read_form("/account")
    queued.note(PATIENCE)
    try:
        assert visitor.post(form.action, form.fields | {"name": "New"}).status_code == 503
    finally:
        queued.note(0)
    assert visitor.post(form.action, form.fields | {"name": "New"}).status_code == 303
