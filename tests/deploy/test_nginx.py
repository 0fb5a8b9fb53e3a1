"""deploy/nginx.conf under the real nginx, in front of the real application in production."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.databases import need
from tests.support.nginx import NGINX, Nginx
from tests.support.production import production
from tests.support.server import ROOT, Server


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nginx, Server]]:
    need("nginx", there=NGINX is not None)
    folder = tmp_path_factory.mktemp("behind")
    server = Server(folder / "instance", settings=production(folder / "keys"), workers=2)
    with server, Nginx(folder / "nginx", [server.port]) as nginx:
        yield nginx, server


def test_the_configuration_is_accepted(behind: tuple[Nginx, Server]) -> None:
    """nginx accepts the configuration file without a warning."""
    result = behind[0].check()
    assert result.returncode == 0, result.stderr
    assert "warn" not in result.stderr.replace('the "user" directive', ""), result.stderr


def test_the_main_job_over_https(behind: tuple[Nginx, Server]) -> None:
    """Sign up, be logged in, renew, log out: with the cookies of production and the address of the person."""
    nginx, server = behind
    visitor = nginx.browser()
    name = visitor.sign_up()
    assert visitor.cookie("__Host-access_token")
    assert visitor.get("/test/me").json()["username"] == name
    server.clock.advance(601)
    answer = visitor.get("/test/me")
    assert answer.status_code == 200
    assert answer.headers["set-cookie"].startswith("__Host-access_token=")
    assert visitor.log_out().headers["location"] == "/login"
    assert visitor.get("/test/me").status_code == 303


def test_one_hsts_header_and_the_policy(behind: tuple[Nginx, Server]) -> None:
    """A page has one HSTS header, one content policy, and no version of nginx."""
    with behind[0].client() as client:
        answer = client.get("/login")
    assert answer.headers.get_list("strict-transport-security") == ["max-age=63072000; includeSubDomains"]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert answer.headers["server"] == "nginx"


def test_plain_http_is_sent_to_https(behind: tuple[Nginx, Server]) -> None:
    """A request over plain HTTP is redirected to the same address over HTTPS."""
    answer = httpx.get(f"http://127.0.0.1:{behind[0].http}/account?x=1", headers={"Host": "localhost"})
    assert answer.status_code == 301
    assert answer.headers["server"] == "nginx"
    assert answer.headers["location"] == "https://localhost/account?x=1"


def test_operations_are_not_public(behind: tuple[Nginx, Server]) -> None:
    """Metrics and readiness are for this host; liveness is harmless."""
    nginx, server = behind
    with nginx.client() as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/readyz").status_code == 404
        assert client.get("/healthz").status_code == 200
    assert httpx.get(f"{server.url}/metrics").status_code == 200


def test_pages_are_never_compressed_and_files_are(behind: tuple[Nginx, Server]) -> None:
    """A page is never compressed (BREACH), and a static file is compressed and cached for a year."""
    with behind[0].client() as client:
        page = client.get("/login", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in page.headers
        address = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        style = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert style.headers["content-encoding"] == "gzip"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_forged_forwarding_is_thrown_away(behind: tuple[Nginx, Server]) -> None:
    """A client's claims about its address, scheme and host reach nobody, and the trail names the real address."""
    nginx, _server = behind
    visitor = nginx.browser()
    lies = {
        "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
        "X-Forwarded-Prefix": "/evil", "Forwarded": "for=203.0.113.9;host=evil.example",
    }  # fmt: skip
    answer = visitor.get("/test/address", headers=lies)
    assert answer.json() == {"address": "127.0.0.1", "host": "localhost", "scheme": "https", "root": ""}


def test_unknown_names_get_no_certificate(behind: tuple[Nginx, Server]) -> None:
    """A handshake for another host name is rejected without a certificate."""
    context = ssl._create_unverified_context()
    with (
        socket.create_connection(("127.0.0.1", behind[0].https), 5) as raw,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(raw, server_hostname="other.example")


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_unknown_names_get_no_answer(behind: tuple[Nginx, Server], host: str) -> None:
    """Over plain http the connection is closed: no page, no version, and no word about the site's name."""
    with socket.create_connection(("127.0.0.1", behind[0].http), 5) as raw:
        raw.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert raw.recv(1000) == b""


def test_no_server_block_is_left_to_defaults() -> None:
    """Each block hides nginx's version, and each that speaks TLS names the versions it speaks."""
    text = "\n".join(line.partition("#")[0] for line in (ROOT / "deploy" / "nginx.conf").read_text().splitlines())
    blocks = text.split("\nserver {")[1:]
    assert len(blocks) == 3
    for block in blocks:
        assert "server_tokens off;" in block, block
        assert "443" not in block or "ssl_protocols TLSv1.2 TLSv1.3;" in block, block
    assert [block for block in blocks if "default_server" in block and "return 444;" in block] == [blocks[0]]


def test_with_nobody_behind_it_says_when_to_come_back(tmp_path: Path) -> None:
    """No host answers: 503 with Retry-After, and not one cookie is touched."""
    need("nginx", there=NGINX is not None)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening, so connections are refused
        with Nginx(tmp_path / "nginx", [unused.getsockname()[1]]) as nginx, nginx.client() as client:
            answer = client.get("/account", headers={"Cookie": "__Host-access_token=x"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Back in a moment" in answer.text
    assert '<div lang="ko"><h2>잠시 후 다시 열립니다</h2>' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
