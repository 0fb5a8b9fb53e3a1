"""The examples to copy, in worlds other than the one they were written in (R48)."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.support.browser import PASSWORD
from tests.support.databases import need
from tests.support.server import ROOT, Server

PROGRAMS = {
    "curl.sh": ["sh"],
    "with_requests.py": [sys.executable, "-W", "error"],
    "with_httpx.py": [sys.executable, "-W", "error"],
    "with_fetch.mjs": ["node"],
}


def run(name: str, url: str, username: str, password: str = PASSWORD, **more: str) -> str:
    """What the example prints; it must end well."""
    need(PROGRAMS[name][0], there=shutil.which(PROGRAMS[name][0]) is not None)
    given = {"TOKENROOM_URL": url, "TOKENROOM_USER": username, "TOKENROOM_PASSWORD": password}
    command = [*PROGRAMS[name], str(ROOT / "examples" / name)]
    done = subprocess.run(command, env=os.environ | given | more, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def gateway(upstream: str) -> Iterator[str]:
    """A gateway that renames `WWW-Authenticate`, and once finds the access token of `GET /me` expired."""
    refused: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "GET" and self.path.endswith("/me") and not refused:
                refused.append(self.path)
                return self.send(401, {"x-amzn-Remapped-WWW-Authenticate": "Bearer"}, b'{"message": "Unauthorized"}')
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding")}
            found = httpx.request(self.command, upstream + self.path, content=body, headers=headers)
            kept = {"Content-Type": found.headers.get("content-type", "text/plain")}
            return self.send(found.status_code, kept, found.content)

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for header in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
    assert refused


@pytest.mark.parametrize("name", ["with_requests.py", "with_httpx.py"])
def test_beside_a_netrc(sqlite_server: Server, tmp_path: Path, name: str) -> None:
    """An entry for every host must not take the token's place."""
    (tmp_path / ".netrc").write_text("default login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    username = sqlite_server.browser().sign_up()
    assert username in run(name, sqlite_server.url, username, HOME=str(tmp_path), NETRC=str(tmp_path / ".netrc"))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("password", ['it\'s "quoted" \\ $HOME `id` %s {} &', "한글 암호 'ſ' \\n\\\\"])
def test_passwords_that_a_shell_would_read(sqlite_server: Server, name: str, password: str) -> None:
    """Quotes, backslashes, dollar signs, percent signs and Hangul arrive as they are."""
    username = sqlite_server.browser().sign_up(password=password)
    assert username in run(name, sqlite_server.url, username, password, LC_ALL="C.UTF-8")


@pytest.mark.parametrize("name", ["with_requests.py", "with_httpx.py", "with_fetch.mjs"])
def test_behind_a_gateway_that_renames_headers(sqlite_server: Server, name: str) -> None:
    """The token is refreshed all the same, because the status decides."""
    username = sqlite_server.browser().sign_up()
    with gateway(sqlite_server.url) as url:
        assert username in run(name, url, username)


def test_with_an_older_httpx(sqlite_server: Server, tmp_path: Path) -> None:
    """Before 0.25 `raise_for_status` returned nothing."""
    (tmp_path / "sitecustomize.py").write_text(
        "import httpx\n"
        "newer = httpx.Response.raise_for_status\n"
        "httpx.Response.raise_for_status = lambda self: newer(self) and None\n"
    )
    username = sqlite_server.browser().sign_up(f"u{secrets.token_hex(4)}")
    assert username in run("with_httpx.py", sqlite_server.url, username, PYTHONPATH=str(tmp_path))
