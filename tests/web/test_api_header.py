"""The Authorization header: every situation of PROTOCOL section 9, with the whole text of the answer."""

from __future__ import annotations

import httpx
import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.server import Server

BASE = "http://127.0.0.1:8000"
BARE = 'Bearer realm="api"'
EXPIRED = 'Bearer realm="api", error="invalid_token", error_description="The access token expired"'
INVALID = 'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"'
MALFORMED = 'Bearer realm="api", error="invalid_request", error_description="The Authorization header is malformed"'
ONE_HEADER = 'Bearer realm="api", error="invalid_request", error_description="Send one Authorization header"'
ELSEWHERE = (
    'Bearer realm="api", error="invalid_request", '
    'error_description="Send the access token in the Authorization header only"'
)


@pytest.fixture
def client(app: Flask, username: str) -> ApiClient:
    client = ApiClient.of_app(app)
    assert client.log_in(username).status_code == 200
    return client


HEADERS = {
    "no header": (None, 401, BARE),
    "empty": ("", 401, BARE),
    "another scheme": ("Basic YTpi", 401, BARE),
    "another scheme with commas": ('Digest username="a", realm="b"', 401, BARE),
    "a scheme that only begins like ours": ("Bearerx abc", 401, BARE),
    "only the scheme": ("Bearer", 400, MALFORMED),
    "only the scheme and a space": ("Bearer ", 400, MALFORMED),
    "a tab": ("Bearer\tabc", 400, MALFORMED),
    "two tokens": ("Bearer abc def", 400, MALFORMED),
    "a comma": ("Bearer abc,", 400, MALFORMED),
    "quotes": ('Bearer "abc"', 400, MALFORMED),
    "no ASCII": ("Bearer \xe9", 400, MALFORMED),
    "padding within": ("Bearer ab=cd", 400, MALFORMED),
    "two headers in one": ("Bearer abc, Bearer def", 400, MALFORMED),
    "another header first": ("Basic YTpi, Bearer abc", 400, ONE_HEADER),
    "no token of anybody's": ("Bearer abc", 401, INVALID),
    "padding": ("Bearer abc==", 401, INVALID),
    "very long": ("Bearer " + "a" * 9000, 401, INVALID),
}


@pytest.mark.parametrize(("header", "status", "challenge"), HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("path", ["/me", "/logout"])
def test_header(app: Flask, path: str, header: str | None, status: int, challenge: str) -> None:
    """Each Authorization header of the table gets its status and its challenge, word for word."""
    method = "GET" if path == "/me" else "POST"
    environ = {} if header is None else {"HTTP_AUTHORIZATION": header}
    answer = app.test_client().open(f"/api/v1{path}", method=method, base_url=BASE, environ_overrides=environ)
    assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (status, challenge)
    assert answer.get_json()["error"]
    assert answer.headers["Content-Type"] == "application/json"


def test_two_header_lines(server: Server) -> None:
    """As gunicorn hands them on."""
    browser = server.browser()
    name = browser.sign_up()
    browser.http.close()
    with ApiClient.of_server(server.url) as client:
        client.log_in(name)
        good = f"Bearer {client.access}"
        assert client.get("/me").status_code == 200
        twice = client.http.get("/api/v1/me", headers=[("Authorization", good), ("Authorization", good)])
        assert (twice.status_code, twice.headers["www-authenticate"]) == (400, MALFORMED)
        mixed = client.http.get("/api/v1/me", headers=[("Authorization", "Basic YTpi"), ("Authorization", good)])
        assert (mixed.status_code, mixed.headers["www-authenticate"]) == (400, ONE_HEADER)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_taken_in_any_case(client: ApiClient, scheme: str) -> None:
    """The scheme "Bearer" is read in any case."""
    assert client.http.get("/api/v1/me", headers={"Authorization": f"{scheme} {client.access}"}).status_code == 200


def test_several_spaces_are_allowed(client: ApiClient) -> None:
    """`1*SP` (RFC 6750 section 2.1)."""
    assert client.http.get("/api/v1/me", headers={"Authorization": f"Bearer   {client.access}"}).status_code == 200


@pytest.mark.parametrize("with_header", [False, True])
def test_a_token_in_query_or_body_is_refused(client: ApiClient, with_header: bool) -> None:
    """An access token in the query, a form or a file field is a 400 and is not repeated."""
    headers = client.header() if with_header else {}
    token = client.access or ""
    for answer in (
        client.http.get("/api/v1/me", params={"access_token": token}, headers=headers),
        client.http.patch("/api/v1/me", data={"access_token": token}, headers=headers),
        client.http.post("/api/v1/refresh", data={"access_token": token}, headers=headers),
        client.http.patch("/api/v1/me", files={"access_token": (None, token)}, headers=headers),
    ):
        assert (answer.status_code, answer.headers["www-authenticate"]) == (400, ELSEWHERE)
        assert token not in answer.text


def test_a_token_in_a_json_body_is_refused(client: ApiClient) -> None:
    """An access token in a JSON body is a 400."""
    answer = client.send("PATCH", "/me", json={"access_token": client.access, "name": "x"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (400, ELSEWHERE)


@pytest.mark.parametrize(("method", "path"), [("POST", "/logout"), ("DELETE", "/sessions/x"), ("GET", "/me")])
def test_a_token_in_a_body_that_nobody_reads_is_refused(client: ApiClient, method: str, path: str) -> None:
    """The same holds for requests that need no body, and nothing is done."""
    answer = client.send(method, path, json={"access_token": client.access})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (400, ELSEWHERE)
    assert client.send("GET", "/me").status_code == 200


def test_a_refresh_token_in_the_query_is_refused(client: ApiClient) -> None:
    """A refresh token in the query is a 400."""
    answer = client.http.post("/api/v1/refresh", params={"refresh_token": "x"}, headers=client.header())
    assert (answer.status_code, answer.headers["www-authenticate"]) == (400, ELSEWHERE)


def test_expired(client: ApiClient, clock: SetClock) -> None:
    """An expired access token is a 401 that says so."""
    clock.advance(600)
    answer = client.get("/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, EXPIRED)
    assert answer.json() == {"error": "invalid_token", "error_description": "The access token expired"}


def test_a_session_that_ended(client: ApiClient) -> None:
    """The access token of an ended session is a 401."""
    assert client.send("POST", "/logout").status_code == 204
    answer = client.get("/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, INVALID)


def test_a_missing_role(client: ApiClient) -> None:
    """A missing role is a 403 with insufficient_scope."""
    answer = client.get("/users")
    wanted = 'Bearer realm="api", error="insufficient_scope", error_description="The role admin is required"'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (403, wanted)


def test_web_tokens_do_not_open_the_api_and_api_tokens_no_page(app: Flask, username: str, client: ApiClient) -> None:
    """Tokens of one channel are refused on the other, alone and mixed."""
    browser = Browser.of_app(app)
    browser.log_in(username)
    web = ApiClient(client.http)
    web.access, web.refresh = browser.access, browser.refresh
    assert web.get("/me").headers["www-authenticate"] == INVALID
    assert web.ask_refresh().status_code == 401
    mixed = ApiClient(client.http)
    mixed.access, mixed.refresh = client.access, browser.refresh
    assert mixed.ask_refresh().status_code == 401
    browser.access, browser.refresh = client.access, client.refresh
    assert browser.get("/account").status_code == 303
    browser.access, browser.refresh = client.access, None
    assert browser.get("/account").status_code == 303


def test_cookies_are_not_read(app: Flask, username: str) -> None:
    """Cookies do not log in on the API, and its answer is no redirect."""
    browser = Browser.of_app(app)
    browser.log_in(username)
    answer = browser.get("/api/v1/me")
    assert answer.status_code == 401
    assert "location" not in answer.headers


def test_the_header_is_not_read_on_pages(client: ApiClient) -> None:
    """The Authorization header does not log in on pages."""
    assert client.http.get("/account", headers=client.header()).status_code == 303


def test_an_unknown_key_and_the_refresh_token_as_bearer(client: ApiClient) -> None:
    """A refresh token in the header is a 401."""
    client.access = client.refresh
    assert client.get("/me").headers["www-authenticate"] == INVALID


def test_every_endpoint_but_the_open_ones_is_closed(app: Flask) -> None:
    """A stranger walks every route below /api/."""
    open_ones = {"/api/v1/login", "/api/v1/refresh", "/api/v1/logout", "/api/v1/openapi.json", "/api/docs"}
    http = httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://127.0.0.1:8000")
    walked = set()
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/"):
            continue
        for method in rule.methods - {"OPTIONS"}:
            answer = http.request(method, rule.rule.replace("<sid>", "abc"))
            walked.add(rule.rule)
            assert "set-cookie" not in answer.headers or rule.rule == "/api/docs"
            if rule.rule not in open_ones:
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, BARE), rule.rule
    assert walked >= {"/api/v1/me", "/api/v1/sessions", "/api/v1/sessions/<sid>", "/api/v1/users"}


def test_a_view_added_below_api_is_closed(app: Flask, client: ApiClient) -> None:
    """Closed by default; and `current_user` is the person."""
    from flask_login import current_user

    app._got_first_request = False
    app.add_url_rule("/api/v1/added", "added", lambda: {"id": current_user.id, "role": current_user.role})
    assert client.http.get("/api/v1/added").status_code == 401
    me = client.get("/me").json()
    assert client.get("/added").json() == {"id": me["id"], "role": "user"}


def test_no_answer_of_the_api_sets_a_cookie(client: ApiClient) -> None:
    """No endpoint of the API sets a cookie or varies by one."""
    for answer in (
        client.get("/me"),
        client.send("PATCH", "/me", json={"language": "ko"}),
        client.do_refresh(),
        client.get("/nothing"),
        client.send("POST", "/me"),
        client.send("POST", "/logout"),
        client.get("/me"),
    ):
        assert "set-cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("vary", "")
