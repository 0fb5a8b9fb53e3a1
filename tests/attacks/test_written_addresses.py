"""Headers that a client writes to pass for another address, or to walk past a proxy's rule."""

from __future__ import annotations

import socket

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.browser import Browser
from tests.support.server import Server
from webapp.store.database import read
from webapp.store.models import AuthSession
from webapp.web.limits import LIMITS

BEHIND_A_PROXY = {"WEBAPP_TRUSTED_PROXIES": "1", "WEBAPP_RATE_LIMITS": "on"}


@pytest.mark.parametrize("settings", [BEHIND_A_PROXY])
def test_a_new_port_each_time_is_no_new_address(app: Flask) -> None:
    """Some proxies write the client's port too. It is another one for each connection, and must not reset a limit."""
    stranger = Browser.of_app(app)
    form = stranger.read_form("/signup")
    spellings = ("198.51.100.9:{}", "[::ffff:198.51.100.9]:{}", "::ffff:198.51.100.9")
    codes = []
    for number in range(LIMITS["sign_up"].amount + 1):
        address = spellings[number % 3].format(40_000 + number)
        codes.append(stranger.post(form.action, form.fields, headers={"X-Forwarded-For": address}).status_code)
    assert codes == [422] * LIMITS["sign_up"].amount + [429]


@pytest.mark.parametrize("settings", [BEHIND_A_PROXY])
def test_what_cannot_be_read_counts_as_the_peer(app: Flask) -> None:
    """Text that is no address makes no new client, and is neither shown nor stored."""
    stranger = Browser.of_app(app)
    form = stranger.read_form("/signup")
    codes = []
    for number in range(LIMITS["sign_up"].amount + 1):
        lie = {"X-Forwarded-For": f"client-{number}"}
        codes.append(stranger.post(form.action, form.fields, headers=lie).status_code)
        assert stranger.get("/test/address", headers=lie).json()["address"] == "127.0.0.1"
    assert codes == [422] * LIMITS["sign_up"].amount + [429]


@pytest.mark.parametrize("settings", [{"WEBAPP_TRUSTED_PROXIES": "1"}])
def test_a_session_keeps_the_plain_address(app: Flask) -> None:
    """Stored and shown is the address, and nothing else that stood in the header."""
    visitor = Browser.of_app(app)
    visitor.http.headers["X-Forwarded-For"] = "[::ffff:198.51.100.9]:4711"
    visitor.sign_up()
    with app.app_context():
        stored = read(lambda tx: tx.execute(select(AuthSession.ip_address)).scalars().all())
    assert stored == ["198.51.100.9"]
    assert "198.51.100.x" in visitor.get("/account/sessions").text


def test_script_name_in_a_header_moves_no_path(sqlite_server: Server) -> None:
    """A proxy keeps strangers from /metrics by its path: /zz/metrics must not be the same page under another name."""
    with socket.create_connection(("127.0.0.1", sqlite_server.port), 10) as raw:
        raw.sendall(
            b"GET /zz/metrics HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nSCRIPT_NAME: /zz\r\nPATH_INFO: /metrics\r\n"
            b"Connection: close\r\n\r\n" % sqlite_server.port
        )
        status = raw.recv(64).split(b" ")[1]
    assert status == b"404"
    assert httpx.get(f"{sqlite_server.url}/metrics").status_code == 200
