"""What the endpoints do, and what they say to bad input: a clear 4xx in JSON that repeats none of it."""

from __future__ import annotations

import codecs
import json

import jsonschema_rs
import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from webapp.store.database import DatabaseUnavailable, read, transact
from webapp.store.models import AuthSession, SecurityEvent, User


@pytest.fixture
def client(app: Flask, username: str) -> ApiClient:
    client = ApiClient.of_app(app)
    assert client.log_in(username).status_code == 200
    return client


def test_log_in(app: Flask, username: str, clock: SetClock) -> None:
    """A login gives both tokens with their lifetimes, uncached, by username or address."""
    answer = ApiClient.of_app(app).log_in(username)
    assert answer.status_code == 200
    given = answer.json()
    assert set(given) == {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"}
    assert (given["token_type"], given["expires_in"], given["refresh_expires_in"]) == ("Bearer", 600, 14 * 86400)
    assert answer.headers["authorization"] == f"Bearer {given['access_token']}"
    assert answer.headers["cache-control"] == "no-store"
    by_address = ApiClient.of_app(app).log_in(f"{username.upper()}@example.com")
    assert by_address.status_code == 200


def test_wrong_unknown_and_disabled_are_answered_alike(app: Flask, username: str) -> None:
    """A wrong password, an unknown name and a disabled account get one and the same answer."""
    stranger = ApiClient.of_app(app)
    answers = [stranger.log_in(username, "something else"), stranger.log_in("nobody-at-all"), stranger.log_in("\0")]
    with app.app_context():
        transact(lambda tx: tx.execute(update(User).values(disabled_at=1)))
    answers.append(stranger.log_in(username))
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "The username or password is wrong.",
        }


def test_a_log_in_does_not_end_the_session_of_another_client(app: Flask, username: str, client: ApiClient) -> None:
    """A second login leaves the first client logged in."""
    assert ApiClient.of_app(app).log_in(username).status_code == 200
    assert client.get("/me").status_code == 200


LOG_INS = [
    {},
    {"username": "x"},
    {"password": "x"},
    {"username": 5, "password": "x"},
    {"username": None, "password": "x"},
    {"username": ["x"], "password": {}},
    {"username": True, "password": "secret-thing"},
]


@pytest.mark.parametrize("body", LOG_INS, ids=json.dumps)
def test_log_in_with_a_missing_or_mistyped_member(app: Flask, body: object) -> None:
    """A login without a field, or with one of another type, is a 400 that repeats nothing."""
    answer = ApiClient.of_app(app).http.post("/api/v1/login", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert "secret-thing" not in answer.text


BODIES = {
    "empty": b"",
    "no JSON": b"hello-secret",
    "half": b'{"name": "x"',
    "a list": b"[]",
    "a string": b'"secret"',
    "null": b"null",
    "NaN": b'{"name": NaN}',
    "a name twice": b'{"name": "a", "name": "b"}',
    "deep": b'{"a":' * 20000 + b"1" + b"}" * 20000,
    "deep list": b"[" * 60000,
    "a huge number": b'{"name": ' + b"9" * 6000 + b"}",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "two byte order marks": b'\xef\xbb\xbf\xef\xbb\xbf{"name": "x"}',
    "a NUL": b'{"name": "x"}\0',
}


def test_json_behind_a_byte_order_mark_is_read(app: Flask, username: str) -> None:
    """.NET and PowerShell send one. A token in such a body is found and refused as in any other."""
    client = ApiClient.of_app(app)
    headers = {"Content-Type": "application/json"}
    body = codecs.BOM_UTF8 + json.dumps({"username": username, "password": PASSWORD}).encode()
    given = client.http.post("/api/v1/login", content=body, headers=headers).json()
    headers |= {"Authorization": f"Bearer {given['access_token']}"}
    changed = client.http.patch("/api/v1/me", content=codecs.BOM_UTF8 + b'{"name": "x"}', headers=headers)
    assert changed.json()["name"] == "x"
    body = codecs.BOM_UTF8 + json.dumps({"refresh_token": given["refresh_token"]}).encode()
    assert client.http.post("/api/v1/refresh", content=body, headers=headers).status_code == 200
    body = codecs.BOM_UTF8 + json.dumps({"name": "y", "access_token": given["access_token"]}).encode()
    assert client.http.patch("/api/v1/me", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("method", "path"), [("POST", "/login"), ("POST", "/refresh"), ("PATCH", "/me")])
def test_a_malformed_body(client: ApiClient, method: str, path: str, body: bytes) -> None:
    """A body that is no JSON object is a 400 or 413 in JSON."""
    headers = client.header() | {"Content-Type": "application/json"}
    answer = client.http.request(method, f"/api/v1{path}", content=body, headers=headers)
    assert answer.status_code == (413 if len(body) > 65536 else 400)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] in ("bad_request", "invalid_request", "too_large")
    assert "secret" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "x"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/login"), ("POST", "/refresh"), ("PATCH", "/me")])
def test_another_media_type(client: ApiClient, method: str, path: str, kind: str) -> None:
    """A body of another media type is a 415."""
    headers = client.header() | {"Content-Type": kind}
    answer = client.http.request(method, f"/api/v1{path}", content=b'{"name": "x"}', headers=headers)
    assert answer.status_code == 415
    assert answer.json()["error"] == "unsupported_media_type"


@pytest.mark.parametrize(("method", "path"), [("POST", "/login"), ("POST", "/refresh"), ("PATCH", "/me")])
def test_too_large(client: ApiClient, method: str, path: str) -> None:
    """A body above 64 kB is a 413."""
    answer = client.send(method, path, json={"name": "x" * 70_000})
    assert answer.status_code == 413
    assert answer.json()["error"] == "too_large"


def test_not_found_and_not_this_way_are_json(client: ApiClient) -> None:
    """Unknown paths and methods under /api are answered in JSON, whatever is accepted."""
    for path in ("/api/", "/api/v1", "/api/v1/", "/api/v2/me", "/api/docs/more", "/api/v1/me/"):
        answer = client.http.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert answer.json()["error"] == "not_found"
    answer = client.http.put("/api/v1/me", headers={"Accept": "text/html"})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PATCH"}
    assert answer.json()["error"] == "method_not_allowed"


def test_pages_keep_their_own_errors(client: ApiClient) -> None:
    """The API's own errors, and never a page of the application's."""
    answer = client.http.get("/logout", headers={"Accept": "text/html"})
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert answer.headers["content-type"].startswith("text/html")


def test_me(client: ApiClient, username: str) -> None:
    """A user reads the own profile, with the preferences."""
    me = client.get("/me").json()
    assert set(me) == {"id", "username", "email", "email_verified", "mfa", "name", "role", "preferences"}
    assert me["username"] == username
    assert me["preferences"] == {"theme": "auto", "language": "en"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "  Ada   Lovelace ", "theme": "dark", "language": "ko"},
        {"name": "  Ada   Lovelace ", "preferences": {"theme": "dark", "language": "ko"}},
        {"name": "  Ada   Lovelace ", "theme": "dark", "preferences": {"language": "ko"}},
    ],
    ids=["flat", "as GET gives it", "mixed"],
)
def test_change_me(client: ApiClient, change: dict[str, object]) -> None:
    """A profile is changed flat, nested or mixed, and the answer is the new profile."""
    answer = client.send("PATCH", "/me", json=change)
    assert answer.status_code == 200
    me = client.get("/me").json()
    assert answer.json() == me
    assert (me["name"], me["preferences"]) == ("Ada Lovelace", {"theme": "dark", "language": "ko"})
    client.do_refresh()
    assert client.send("PATCH", "/me", json={}).json() == me


UNUSABLE: dict[str, tuple[str, set[str]]] = {
    "theme": ('{"theme": "zzblue"}', {"theme"}),
    "language": ('{"language": "zzfr"}', {"language"}),
    "mistyped": ('{"name": 5, "theme": []}', {"name", "theme"}),
    "null": ('{"name": null}', {"name"}),
    "too long": ('{"name": "' + "z" * 81 + '"}', {"name"}),
    "a NUL": ('{"name": "zz\\u0000"}', {"name"}),
    "a lone surrogate": ('{"name": "zz\\ud800"}', {"name"}),
    "a lone surrogate as a theme": ('{"theme": "zz\\ud800"}', {"theme"}),
    "nested": ('{"preferences": {"theme": "zz"}}', {"preferences.theme"}),
    "nested mistyped": ('{"preferences": "zz"}', {"preferences"}),
    "nested unknown": ('{"preferences": {"zz": 1}}', set()),
    "twice": ('{"theme": "dark", "preferences": {"theme": "light"}}', {"preferences.theme"}),
    "unknown": ('{"zz": 1}', set()),
    "a role": ('{"role": "admin"}', set()),
}


@pytest.mark.parametrize(
    ("body", "usable"),
    [
        ({"theme": "light", "preferences": {"language": "en", "theme": "auto"}, "language": "en"}, False),
        ({"theme": "light", "preferences": {"theme": "light"}}, False),
        ({"language": "ko", "preferences": {"language": "ko"}}, False),
        ({"theme": "light", "preferences": {"language": "en"}}, True),
        ({"theme": "light", "language": "ko", "preferences": {}}, True),
        ({"preferences": {"theme": "light", "language": "ko"}}, True),
        ({}, True),
    ],
)
def test_the_document_forbids_what_the_server_refuses(
    client: ApiClient, body: dict[str, object], *, usable: bool
) -> None:
    """A setting given twice is against the schema, and 422; given once in either place it is fine by both."""
    document = client.http.get("/api/v1/openapi.json").json()
    schema = {"$ref": "#/components/schemas/MeChange", "components": document["components"]}
    assert jsonschema_rs.validator_for(schema).is_valid(body) is usable
    assert (client.send("PATCH", "/me", json=body).status_code == 200) is usable


@pytest.mark.parametrize(("body", "fields"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_unusable_values_are_named_and_not_repeated(client: ApiClient, body: str, fields: set[str]) -> None:
    """A bad value is a 422 that names its field, repeats nothing and changes nothing."""
    before = client.get("/me").json()
    headers = client.header() | {"Content-Type": "application/json"}
    answer = client.http.patch("/api/v1/me", content=body.encode(), headers=headers)
    assert answer.status_code == 422
    given = answer.json()
    assert given["error"] == "unprocessable"
    assert set(given["fields"]) == fields
    assert "zz" not in answer.text
    assert client.get("/me").json() == before


def test_sessions(app: Flask, client: ApiClient, username: str, clock: SetClock) -> None:
    """Web and API sessions of this account alike; ended and expired ones are not in the list."""
    other = ApiClient.of_app(app)
    other.log_in(username)
    gone = ApiClient.of_app(app)
    gone.log_in(username)
    gone.send("POST", "/logout")
    stranger = Browser.of_app(app)
    stranger.sign_up()
    listed = client.get("/sessions").json()["sessions"]
    assert [entry["channel"] for entry in listed].count("web") == 1
    assert [entry["channel"] for entry in listed].count("api") == 2
    assert [entry["current"] for entry in listed].count(True) == 1
    for entry in listed:
        assert set(entry) == {"id", "channel", "device", "created_at", "last_seen_at", "expires_at", "current"}
        assert entry["created_at"] == clock()
        assert entry["expires_at"] == clock() + 30 * 86400


def test_end_a_session(app: Flask, client: ApiClient, username: str) -> None:
    """A client ends another session of its user, which both of its tokens notice."""
    other = ApiClient.of_app(app)
    other.log_in(username)
    mine = next(e["id"] for e in other.get("/sessions").json()["sessions"] if e["current"])
    assert client.send("DELETE", f"/sessions/{mine}").status_code == 204
    assert other.get("/me").status_code == 401
    assert other.ask_refresh().status_code == 401
    assert client.send("DELETE", f"/sessions/{mine}").status_code == 404
    with app.app_context():
        row = read(lambda tx: tx.execute(select(AuthSession.revoked_reason).where(AuthSession.id == mine)).scalar())
    assert row == "ended"


def test_another_users_session_is_not_found(app: Flask, client: ApiClient) -> None:
    """A session of another user, or an odd id, is a 404 and ends nothing."""
    name = Browser.of_app(app).sign_up()
    other = ApiClient.of_app(app)
    other.log_in(name)
    theirs = other.get("/sessions").json()["sessions"][0]["id"]
    assert client.send("DELETE", f"/sessions/{theirs}").status_code == 404
    assert other.get("/me").status_code == 200
    raw = app.test_client()
    for odd in ("x", "%00", "%ed%a0%80", "%ff", "a" * 3000):
        answer = raw.delete(f"/api/v1/sessions/{odd}", base_url="http://127.0.0.1:8000", headers=client.header())
        assert answer.status_code == 404


def test_log_out_takes_an_expired_token_and_twice_is_fine(client: ApiClient, clock: SetClock) -> None:
    """A logout accepts an expired access token, and a second one is answered alike."""
    clock.advance(5000)
    assert client.send("POST", "/logout").status_code == 204
    assert client.send("POST", "/logout").status_code == 204
    assert client.ask_refresh().status_code == 401


def test_log_out_ends_this_session_only(app: Flask, client: ApiClient, username: str) -> None:
    """A logout leaves the user's other sessions alive."""
    other = ApiClient.of_app(app)
    other.log_in(username)
    client.send("POST", "/logout")
    assert other.get("/me").status_code == 200


def test_users_page_by_page(app: Flask, client: ApiClient) -> None:
    """An administrator reads all users in pages, without passwords, and odd queries are a 422."""
    for _ in range(4):
        Browser.of_app(app).sign_up()
    with app.app_context():
        transact(lambda tx: tx.execute(update(User).values(role="admin")))
    seen, after = [], ""
    while after is not None:
        page = client.get(f"/users?limit=2&after={after}").json()
        seen += [user["username"] for user in page["users"]]
        after = page["next"]
    assert seen == sorted(seen)
    assert len(seen) == 5
    assert set(page["users"][0]) == {"id", "username", "email", "name", "role", "disabled", "created_at"}
    assert PASSWORD not in client.get("/users").text
    assert "password" not in client.get("/users").text
    for odd in ("limit=0", "limit=501", "limit=x", "limit=1.0", "limit=-1", "limit=" + "9" * 5000, "after=" + "a" * 65):
        answer = client.get(f"/users?{odd}")
        assert answer.status_code == 422
        assert set(answer.json()["fields"]) == {odd.partition("=")[0]}
    assert client.get("/users?after=%00").json()["users"] == []
    assert client.get("/users?zz=1").status_code == 422
    assert "zz" not in client.get("/users?zz=1").text


def test_a_lowered_role_acts_on_the_next_request(app: Flask, client: ApiClient) -> None:
    """A former administrator gets a 403 at the next request."""
    with app.app_context():
        transact(lambda tx: tx.execute(update(User).values(role="admin")))
    assert client.get("/users").status_code == 200
    with app.app_context():
        transact(lambda tx: tx.execute(update(User).values(role="user")))
    assert client.get("/users").status_code == 403


def test_the_database_away(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing database is a 503 with Retry-After, for a view and a refresh."""

    def away(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr("webapp.store.auth_sessions.load", away)
    for answer in (client.get("/me"), client.ask_refresh()):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["error"] == "temporarily_unavailable"


def test_an_api_request_confirms_the_generation_it_shows(app: Flask, client: ApiClient, clock: SetClock) -> None:
    """The first request with a new access token confirms its generation."""
    client.do_refresh()
    statement = select(AuthSession.refresh_confirmed_at).where(AuthSession.channel == "api")
    with app.app_context():
        assert read(lambda tx: tx.execute(statement).scalar()) is None
    client.get("/me")
    with app.app_context():
        assert read(lambda tx: tx.execute(statement).scalar()) == clock()


def test_forged_tokens_are_noted_without_their_text(app: Flask, client: ApiClient) -> None:
    """The audit log notes a forged token without its text."""
    client.access = "aaaa.bbbb.cccc"
    client.get("/me")
    with app.app_context():
        rows = read(lambda tx: list(tx.execute(select(SecurityEvent.event, SecurityEvent.detail))))
    details = [row.detail for row in rows if row.event == "token.invalid"]
    assert len(details) == 1
    assert "aaaa" not in details[0]
    assert json.loads(details[0])["token"] == "access_token"
