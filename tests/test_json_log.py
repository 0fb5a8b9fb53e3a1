"""With WEBAPP_LOG_FORMAT=json every line of the process is an object, gunicorn's and start errors included (R16)."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ROOT, Server, free_port
from webapp.gunicorn_log import JsonLines


def objects(text: str) -> list[dict[str, str]]:
    """Every line, parsed. Fails on one that is no object."""
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(entry, dict) for entry in found)
    assert all({"event", "level", "logger", "timestamp"} <= set(entry) for entry in found)
    return found


def send(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def test_a_killed_worker_and_refused_requests(tmp_path: Path) -> None:
    """What gunicorn says of them stands in objects, without the token that a broken header held."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    with Server(tmp_path, workers=2, settings={"WEBAPP_LOG_FORMAT": "json", "WEBAPP_LAB": "on"}, fresh=True) as server:
        for broken in (
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nCookie access_token=" + token.encode() + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            "GET /한글 HTTP/1.1\r\nHost x\r\n\r\n".encode(),
        ):
            assert b" 400 " in send(server.port, broken)
        pid = int(server.browser().get("/test/pid").json()["pid"])
        os.kill(pid, signal.SIGKILL)
        assert server.browser().get("/healthz").status_code == 200
        server.stop()
    text = server.log.read_text()
    found = objects(text)
    assert any("was sent SIGKILL" in entry["event"] for entry in found)
    assert any(entry["event"].startswith("Invalid request") for entry in found)
    assert {entry["logger"] for entry in found} == {"gunicorn.error"}
    assert token not in text


@pytest.mark.parametrize(
    ("settings", "arguments", "words"),
    [
        ({"WEBAPP_LAB": "perhaps"}, (), "WEBAPP_LAB must be one of on, off"),
        ({"WEBAPP_KEEP_ALIVE": "soon"}, (), "WEBAPP_KEEP_ALIVE must be a whole number"),
        ({"WEBAPP_ENV": "production"}, (), "WEBAPP_PUBLIC_URL must start with https://"),
        ({}, ("--preload", "no_such_module:app"), "No module named 'no_such_module'"),
        ({}, ("wsgi:no_such_name",), "no_such_name"),
    ],
)
def test_a_start_that_fails(tmp_path: Path, settings: dict[str, str], arguments: tuple[str, ...], words: str) -> None:
    """The one line that names the reason, and all that gunicorn adds to it, are objects."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEBAPP_")}
    environment |= {"WEBAPP_LOG_FORMAT": "json", "WEBAPP_INSTANCE_PATH": str(tmp_path), **settings}
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-w",
        "1",
        "-b",
        f"127.0.0.1:{free_port()}",
        *(arguments or ("wsgi:app",)),
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert any(words in entry["event"] + entry.get("exception", "") for entry in objects(done.stderr))


def test_what_is_printed_becomes_objects() -> None:
    """Lines in pieces, tracebacks, warnings, empty lines, and objects, which pass as they are."""
    under = io.StringIO()
    lines = JsonLines(under)
    for piece in ("half ", "a line\n\n", '{"event": "mine"}\n', "{'not': 'json'}\n[1]\n", "홍\u2028길동\n", "no end"):
        lines.write(piece)
    print("Traceback\n  File", file=lines)
    found = [json.loads(line) for line in under.getvalue().split("\n") if line]
    events = [entry["event"] for entry in found]
    assert events == ["half a line", "mine", "{'not': 'json'}", "[1]", "홍\u2028길동", "no endTraceback", "  File"]


def test_text_stays_text(tmp_path: Path) -> None:
    """Without the setting gunicorn's lines are as its own formatter writes them, and no token is in them either."""
    token = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    with Server(tmp_path, workers=1, fresh=True) as server:
        send(server.port, b"GET / HTTP/1.1\r\nHost: x\r\nCookie access_token=" + token + b"\r\n\r\n")
    text = server.log.read_text()
    assert "] [WARNING] Invalid request from ip=127.0.0.1" in text
    assert token.decode() not in text
