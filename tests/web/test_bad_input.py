"""Any input gets a clear 4xx or the login, never a 500, never a token."""

from __future__ import annotations

import io
import socket
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
from flask import Flask

from tests.support.browser import NAVIGATION, PASSWORD, Browser
from tests.support.server import Server
from webapp.core.text import is_storable

PATHS = ["/login", "/signup", "/account", "/preferences", "/logout", "/test/echo"]

ODD_TEXTS = {
    "NUL": "a\0b",
    "only NUL": "\0",
    "lone surrogate": "a\ud800b",
    "right to left": "\u202eabc",
    "combining": "a" + "\u0301" * 500,
    "astral": "👩‍🚀" * 50,
    "newlines": "a\r\nb\r\nSet-Cookie: x=y",
    "markup": "<script>alert(1)</script>{{7*7}}{% raw %}",
    "SQL": "'; DROP TABLE users; --",
    "long": "x" * 20_000,
    "blank": " ",
    "empty": "",
    "path": "../../etc/passwd",
    "not a character": "\uffff\ufffe",
}


def still_fine(browser: Browser) -> bool:
    return browser.get("/test/me").status_code == 200


@pytest.mark.parametrize("value", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_odd_text_in_every_field(app: Flask, person: Browser, value: str) -> None:
    """Odd text in any form field breaks nothing, logs nobody in and is never run."""
    stranger = Browser.of_app(app)
    body = value.encode("utf-8", "surrogatepass")
    for browser, path, fields in (
        (stranger, "/login", ("username", "password", "next", "remember")),
        (stranger, "/signup", ("username", "email", "name", "password")),
        (person, "/account", ("name", "theme", "language")),
        (person, "/preferences", ("theme", "language", "next")),
    ):
        token = browser.read_form("/login" if browser is stranger else "/account").fields["csrf_token"]
        for field in fields:
            content = f"csrf_token={token}&{field}={quote_from_bytes(body)}"
            answer = browser.http.post(
                path, content=content, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code < 500, (path, field, answer.text[-500:])
            assert "access_token" not in str(answer.headers.get_list("set-cookie"))
            assert "<script>alert" not in answer.text
    assert still_fine(person)


@pytest.mark.parametrize("value", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_a_password_of_odd_text_logs_nobody_in(app: Flask, visitor: Browser, value: str) -> None:
    """Odd text as a password is a wrong password."""
    name = visitor.sign_up()
    browser = Browser.of_app(app)
    if is_storable(value):
        assert browser.log_in(name, value).status_code == 422


BODIES: dict[str, tuple[str, bytes]] = {
    "no content type": ("", b"a=b"),
    "unknown content type": ("application/x-nothing", b"a=b"),
    "broken content type": ("multipart", b"x"),
    "multipart without boundary": ("multipart/form-data", b"x"),
    "multipart cut short": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n',
    ),
    "multipart garbage": ("multipart/form-data; boundary=x", b"\xff\xfe\0" * 100),
    "multipart with a file": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="username"; filename="f"\r\n\r\nada\r\n--x--\r\n',
    ),
    "JSON": ("application/json", b'{"username": "ada", "password": {"$ne": 1}}'),
    "broken JSON": ("application/json", b"{"),
    "not UTF-8": ("application/x-www-form-urlencoded", b"username=\xff\xfe&password=\x80"),
    "bad percent": ("application/x-www-form-urlencoded", b"username=%zz%&password=%"),
    "unknown charset": ("application/x-www-form-urlencoded; charset=utf-99", b"username=a"),
    "UTF-16": ("application/x-www-form-urlencoded; charset=utf-16", "username=a".encode("utf-16")),
    "UTF-7": ("application/x-www-form-urlencoded; charset=utf-7", b"username=+AGE-"),
    "names without values": ("application/x-www-form-urlencoded", b"&&&=&==&username&password"),
    "a name a thousand times": ("application/x-www-form-urlencoded", b"username=a&" * 1000),
    "ten thousand fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(6000))),
    "indexed names": ("application/x-www-form-urlencoded", b"username[]=a&password[$ne]=1"),
}


@pytest.mark.parametrize(("content_type", "body"), BODIES.values(), ids=BODIES.keys())
def test_odd_bodies(app: Flask, person: Browser, content_type: str, body: bytes) -> None:
    """A malformed body at any path is a redirect or a 4xx and gives no token."""
    client = app.test_client(use_cookies=False)
    cookie = f"access_token={person.access}; refresh_token={person.refresh}"
    for path in PATHS[:-2] + PATHS[-1:]:
        for cookies in ({}, {"HTTP_COOKIE": cookie}):
            answer = client.post(
                path, data=body, content_type=content_type, headers=NAVIGATION, environ_overrides=dict(cookies)
            )
            assert 300 <= answer.status_code < 500, (path, answer.status_code)
            assert "access_token=ey" not in str(answer.headers)
    assert still_fine(person)


def test_a_million_fields(app: Flask) -> None:
    """Refused by size before anything counts them."""
    body = b"&".join(b"a=1" for _ in range(1_000_000))
    answer = app.test_client().post("/login", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413


def test_too_many_multipart_parts(app: Flask) -> None:
    """A form of 400 parts is a 413."""
    data: dict[str, Any] = {f"f{n}": "1" for n in range(400)}
    answer = app.test_client().post("/login", data=data, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_a_body_of_unknown_length(app: Flask) -> None:
    """A large body without a length is refused."""
    answer = app.test_client().post(
        "/login",
        input_stream=io.BytesIO(b"username=" + b"x" * 200_000),
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code in (403, 413)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"username": "zz", "password": "q"}', 401),
        (b'{"username": "zz", "password": "q"}' + b" " * 70_000, 413),
        (b'{"username": "zz", "password": "' + b"q" * 70_000 + b'"}', 413),
    ],
)
def test_a_body_in_chunks(sqlite_server: Server, body: bytes, status: int) -> None:
    """Judged whole or not at all."""
    parts = [body[at : at + 9000] for at in range(0, len(body), 9000)]
    answer = httpx.post(
        f"{sqlite_server.url}/api/v1/login", content=iter(parts), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status


def test_chunks_that_are_none(sqlite_server: Server) -> None:
    """A broken chunk is a 400."""
    with socket.create_connection(("127.0.0.1", sqlite_server.port), timeout=10) as connection:
        head = f"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1:{sqlite_server.port}\r\nConnection: close\r\n"
        head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", ["/account", "/account/password", "/login", "/signup"])
def test_head_is_answered_as_get_and_changes_nothing(app: Flask, visitor: Browser, path: str) -> None:
    """HEAD gets the status of GET, and its body changes nothing."""
    name = visitor.sign_up()
    stranger = Browser.of_app(app)
    for browser in (visitor, stranger):
        wanted = browser.get(path)
        answer = browser.http.request("HEAD", path, data={"name": "pwned", "username": name, "password": "x"})
        assert (answer.status_code, answer.headers.get("location")) == (
            wanted.status_code,
            wanted.headers.get("location"),
        )
    assert "pwned" not in visitor.get("/account").text


def test_ids_that_no_database_could_keep(server: Server) -> None:
    """Names of nothing, so 404: PostgreSQL would refuse the very question."""
    person = server.browser()
    person.sign_up()
    form = person.read_form("/account").fields
    for odd in ("%00", "a%00b"):
        assert person.post(f"/account/sessions/{odd}/revoke", form).status_code == 404
        assert person.get(f"/admin/people/{odd}").status_code == 404
        assert httpx.delete(f"{server.url}/api/v1/sessions/{odd}").status_code == 404


HEADERS = {
    "huge cookie": ("HTTP_COOKIE", "access_token=" + "x" * 100_000),
    "many cookies": ("HTTP_COOKIE", "; ".join(f"c{n}=1" for n in range(5000))),
    "cookie of separators": ("HTTP_COOKIE", ";" * 10_000),
    "cookie of raw bytes": ("HTTP_COOKIE", "access_token=\xff\xfe\x00; refresh_token=\x80"),
    "session cookie garbage": ("HTTP_COOKIE", "session=eyJ.x.y; session=2"),
    "language garbage": ("HTTP_ACCEPT_LANGUAGE", "xx;q=abc,,;;,\xff" + "en," * 2000),
    "language cookie garbage": ("HTTP_COOKIE", 'language=../../x; theme="><b>'),
    "accept garbage": ("HTTP_ACCEPT", "a/b/c;q=zz, */json, \xff"),
    "user agent garbage": ("HTTP_USER_AGENT", "\x00\x1b[31m\xff" * 500),
    "origin garbage": ("HTTP_ORIGIN", "\xff://"),
    "fetch mode garbage": ("HTTP_SEC_FETCH_MODE", "\xff"),
    "forwarded garbage": ("HTTP_X_FORWARDED_FOR", "999.999.999.999, evil"),
    "range": ("HTTP_RANGE", "bytes=0-99999999999999999999"),
    "if-modified-since": ("HTTP_IF_MODIFIED_SINCE", "yesterday"),
    "content length": ("CONTENT_LENGTH", "abc"),
    "negative content length": ("CONTENT_LENGTH", "-5"),
    "referer garbage": ("HTTP_REFERER", "http://[::1"),
}


@pytest.mark.parametrize(("name", "value"), HEADERS.values(), ids=HEADERS.keys())
def test_odd_headers(app: Flask, name: str, value: str) -> None:
    """Odd headers break no page."""
    client = app.test_client(use_cookies=False)
    for method in ("get", "post"):
        for path in ("/", "/login", "/account", "/nothing", "/static/css/tokenroom.css", "/healthz"):
            answer = getattr(client, method)(path, environ_overrides={name: value}, buffered=True)
            assert answer.status_code < 500, (method, path)
            assert "access_token=ey" not in str(answer.headers)


ADDRESSES = [
    "/%00",
    "/%ff%fe",
    "/login?next=%00%ff",
    "/login?next=" + "x" * 5000,
    "/login?next[]=x&next=1&next=2",
    "/login?notice=%00&notice=reuse",
    "/login?notice=__class__",
    "/account?notice=%ff",
    "/static/../webapp/config/settings.py",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/css/",
    "//evil.example",
    "/login//",
    "/LOGIN",
    "/a" * 1000,
]


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a[:30])
def test_odd_addresses(app: Flask, person: Browser, address: str) -> None:
    """An odd address breaks nothing and never leads to another host."""
    client = app.test_client(use_cookies=False)
    cookie = f"access_token={person.access}; refresh_token={person.refresh}"
    for environ in ({}, {"HTTP_COOKIE": cookie}):
        answer = client.get(address, headers=NAVIGATION, environ_overrides=dict(environ))
        assert answer.status_code < 500
        location = answer.headers.get("Location", "/")
        assert location.startswith(("/", "http://127.0.0.1", "http://localhost")), location
        assert not location.startswith("//")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW", "get", "X" * 500])
def test_odd_methods(app: Flask, person: Browser, method: str) -> None:
    """An odd method breaks nothing and ends no session."""
    for path in ("/", "/account", "/nothing"):
        answer = app.test_client().open(path, method=method)
        assert answer.status_code < 500
    assert still_fine(person)


def test_nothing_secret_in_an_error_page(app: Flask, person: Browser) -> None:
    """An error page shows no trace and no secret."""
    for path in ("/nothing", "/logout", "/account?x=" + PASSWORD.replace(" ", "+")):
        page = person.get(path).text
        assert "Traceback" not in page
        assert "SECRET" not in page
        assert str(app.config["SECRET_KEY"]) not in page


@pytest.mark.parametrize("path", ["/login", "/reset/open"])
def test_a_query_of_other_bytes_is_400(app: Flask, path: str) -> None:
    """gunicorn lets none through; another server does."""
    answer = app.test_client().get(path, environ_overrides={"QUERY_STRING": "next=\xff&step=\xff&token=\xff"})
    assert answer.status_code == 400
