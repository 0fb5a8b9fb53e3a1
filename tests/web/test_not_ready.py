"""/readyz while PostgreSQL cannot be reached or refuses: the log says why, once a minute, and no password."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.app import build_app
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.server import free_port
from webapp.services import services_of
from webapp.web import told

PASSWORD = "the-password-of-the-database"


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_last", {})


@contextmanager
def nobody() -> Iterator[int]:
    """A port where nothing listens."""
    yield free_port()


@contextmanager
def gatekeeper() -> Iterator[int]:
    """A server that asks for the password and takes none (PostgreSQL's manual, "Message Formats")."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    def refuse() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(4096)  # user and database
                client.sendall(message(b"R", (3).to_bytes(4, "big")))
                client.recv(4096)  # the password
                words = b'Mpassword authentication failed for user "ada"'
                client.sendall(message(b"E", b"SFATAL\0VFATAL\0C28P01\0" + words + b"\0\0"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=refuse, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (nobody, "port {port} failed: Connection refused"),
        (gatekeeper, 'password authentication failed for user "ada"; correct the password in WEBAPP_DATABASE_URL'),
    ],
    ids=["refused", "wrong password"],
)
def test_the_log_says_why_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, server: Callable[[], AbstractContextManager[int]], words: str
) -> None:
    """A balancer asks every second; strangers read what to do at most, and neither reads the password."""
    with server() as port:
        address = f"postgresql://ada:{PASSWORD}@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable"
        app = build_app(tmp_path, {"WEBAPP_DATABASE_URL": address})
        clock = services_of(app).clock
        assert isinstance(clock, SetClock)
        browser = Browser.of_app(app)
        said = []
        with caplog.at_level(logging.INFO):
            for _ in range(5):
                said.append(browser.get("/readyz"))
                clock.advance(15)
    lines = [record.getMessage() for record in caplog.records if "not ready" in record.getMessage()]
    assert [answer.status_code for answer in said] == [503] * 5
    assert len(lines) == 2
    assert all(words.format(port=port) in line and "\n" not in line for line in lines)
    assert PASSWORD not in caplog.text
    assert all(PASSWORD not in answer.text and "ada" not in answer.text for answer in said)
