"""The shorter ways end where Flask's own do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask, Response
from flask.wrappers import Request as FlaskRequest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.test import EnvironBuilder

from webapp.web.short_ways import OurRequest, OurResponse, bind

Parts = tuple[Any, ...]


def parts_of(adapter: MapAdapter) -> Parts:
    """What an adapter goes by, and what it makes of its request."""
    try:
        matched: object = adapter.match()
    except HTTPException as refusal:
        matched = (type(refusal).__name__, getattr(refusal, "new_url", None))
    asked = (adapter.server_name, adapter.script_name, adapter.subdomain, adapter.url_scheme)
    return (
        *asked,
        adapter.default_method.upper(),
        adapter.query_args,
        matched,
        adapter.build("home.index", force_external=True),
    )


def environ_of(**changed: str) -> dict[str, Any]:
    environ = EnvironBuilder(path="/account", base_url="http://localhost:5000/").get_environ()
    return {**environ, **changed}


USUAL = [
    {},
    {"HTTP_HOST": "localhost"},
    {"HTTP_HOST": "localhost:80"},
    {"HTTP_HOST": "127.0.0.1:5000"},
    {"HTTP_HOST": "[::1]:5000"},
    {"HTTP_HOST": "example.com:443", "wsgi.url_scheme": "https"},
    {"HTTP_HOST": "example.com:80", "wsgi.url_scheme": "https"},
    {"PATH_INFO": "/"},
    {"PATH_INFO": "//account"},
    {"PATH_INFO": "/account/"},
    {"PATH_INFO": "/lab/"},
    {"PATH_INFO": "/account//sessions"},
    {"PATH_INFO": "/admin/people/\xed\x95\x9c"},
    {"PATH_INFO": "/admin/people/\xff"},
    {"PATH_INFO": "/account//sessions", "QUERY_STRING": "a=\xed\x95\x9c&b=\xff&c=%ff"},
    {"SCRIPT_NAME": "/login", "PATH_INFO": "/account/"},
    {"SCRIPT_NAME": "/login/", "PATH_INFO": "/account"},
    {"REQUEST_METHOD": "post", "PATH_INFO": "/logout"},
    {"REQUEST_METHOD": "DELETE"},
]


@pytest.mark.parametrize("changed", USUAL, ids=str)
def test_a_usual_request_finds_its_way_as_ever(app: Flask, changed: dict[str, str]) -> None:
    """The same view, the same redirect or refusal, and the same addresses in its answer."""
    ours, theirs = app.request_class(environ_of(**changed)), app.request_class(environ_of(**changed))
    found, expected = bind(app, ours), Flask.create_url_adapter(app, theirs)
    assert found is not None
    assert expected is not None
    assert parts_of(found) == parts_of(expected)
    assert ours.host == theirs.host


@pytest.mark.parametrize(
    "changed",
    [
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "EXAMPLE.com"},
        {"PATH_INFO": ""},
        {"HTTP_HOST": "a" * 64 + ".example"},
        {"HTTP_HOST": "a..b"},
        {"HTTP_HOST": "x" * 5000},
        {"HTTP_HOST": "evil example"},
        {"HTTP_HOST": "localhost:99999"},
        {"HTTP_HOST": "\xed\x95\x9c.example"},
        {"HTTP_CONNECTION": "upgrade", "HTTP_UPGRADE": "websocket"},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_an_unusual_request_goes_the_way_of_flask(app: Flask, changed: dict[str, str]) -> None:
    """No host, one that is spelled otherwise, one that is none, no path, or a websocket."""
    assert bind(app, app.request_class(environ_of(**changed))) is None


@pytest.mark.parametrize(("name", "value"), [("SERVER_NAME", "example.com"), ("TRUSTED_HOSTS", ["example.com"])])
def test_an_application_that_flask_knows_more_of_goes_its_way(app: Flask, name: str, value: object) -> None:
    """One of Flask's own settings means what it means in Flask."""
    app.config[name] = value
    assert bind(app, app.request_class(environ_of())) is None


def answers() -> Iterable[tuple[str, Any]]:
    """Kinds of answers: how each is made by a class of responses, and what it is called."""
    yield "text", lambda kind: kind("한글")
    yield "bytes", lambda kind: kind(b"bytes", mimetype="text/html")
    yield "empty", lambda kind: kind("")
    yield "several pieces", lambda kind: kind(["a", "b"])
    yield "a generator", lambda kind: kind(piece for piece in ("a", "b"))
    yield "not found", lambda kind: kind("gone", 404)
    yield "no content", lambda kind: kind("", 204)
    yield "not modified", lambda kind: kind("x", 304)
    yield "a redirect", lambda kind: kind("", 303, {"Location": "/한글?a=b c"})
    yield "an address beside", lambda kind: kind("x", headers={"Content-Location": "/한글"})
    yield "cookies", lambda kind: kind("x", headers=[("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")])
    yield "a length of its own", lambda kind: kind("abc", headers={"Content-Length": "3"})


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in answers()])
def test_an_answer_is_sent_as_ever(make: Any, method: str) -> None:
    """Body, status and headers, in their order."""

    def sent(kind: type[Response]) -> Parts:
        body, status, headers = make(kind).get_wsgi_response(environ_of(REQUEST_METHOD=method))
        return b"".join(body), status, headers

    assert sent(OurResponse) == sent(Response)


def test_what_waits_for_the_end_of_an_answer_is_called() -> None:
    """`call_on_close`: what holds a file open lets go of it."""
    closed: list[str] = []
    answer = OurResponse("x")
    answer.call_on_close(lambda: closed.append("closed"))
    body, _status, _headers = answer.get_wsgi_response(environ_of())
    list(body)
    body.close()  # type: ignore[attr-defined]
    assert closed == ["closed"]


@pytest.mark.parametrize("endpoint", [None, "static", "home.index", "outer.inner.view"])
def test_a_request_knows_its_blueprints_as_ever(app: Flask, endpoint: str | None) -> None:
    """From the innermost outwards; none without a view, or with a view of the application's own."""
    rule = None if endpoint is None else app.url_rule_class("/x", endpoint=endpoint)
    ours, theirs = OurRequest(environ_of()), FlaskRequest(environ_of())
    ours.url_rule = theirs.url_rule = rule
    assert ours.blueprints == theirs.blueprints
