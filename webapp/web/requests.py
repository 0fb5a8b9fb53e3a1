"""What a request says about its sender and about the answer it wants."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Request, abort, request

from webapp.core.redirects import address_as_sent, is_below, safe_next
from webapp.flows.client import Client

MAX_USER_AGENT = 400
_current: Any = request
"""The proxy, whose way to the real object has no type."""


def this_request() -> Request:
    """The real request object.

    Plain: Flask's proxy `request`.
    Cost:  six function calls for each access through it.
    Here:  code that runs on every request takes the real object as an argument.
    """
    found: Request = _current._get_current_object()
    return found


def client() -> Client:
    """Address and user agent. The address is the peer's, or what trusted proxies say (WEBAPP_TRUSTED_PROXIES)."""
    environ = this_request().environ
    agent: str = environ.get("HTTP_USER_AGENT", "")
    if not agent.isprintable():
        agent = "".join(char for char in agent if char.isprintable())
    return Client(environ.get("REMOTE_ADDR", "")[:45], agent[:MAX_USER_AGENT])


def here(request: Request) -> str:
    """The request's address as it was sent, to come back to. Of several slashes in front one stays. As a link,
    `//evil.example` would lead to another host."""
    environ = request.environ
    # RAW_URI is gunicorn's and werkzeug's, REQUEST_URI uWSGI's.
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    address = f"/{address_as_sent(target, request.path, environ.get('QUERY_STRING', '')).lstrip('/')}"
    prefix = root(request)
    # A proxy may have cut the prefix off, and a server that keeps no target has done so.
    return address if is_below(address.partition("?")[0], prefix) else f"{prefix}{address}"


def root(request: Request) -> str:
    """The path that this application is mounted at (WSGI's SCRIPT_NAME): empty, or `/login`."""
    name: str = request.environ.get("SCRIPT_NAME", "")
    return name.rstrip("/")


def way_back(target: str | None) -> str:
    """Where a user goes on after logging in: `target` if it is a page of ours, else the front page."""
    return safe_next(target, root(this_request()))


def home() -> str:
    """The address of the front page."""
    return f"{root(this_request())}/"


def without_notice(address: str) -> str:
    """An address of ours without `notice`, because a notice is news once."""
    path, _, query = address.partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith("notice="))
    return f"{path}?{rest}" if rest else path


def measure_body(request: Request) -> None:
    """Read a body that came in chunks, so that it is one of known length from here on. 400, 413.

    Werkzeug cuts such a body at the limit without a word, and the part that is left would be judged as if it were all.
    """
    environ, limit = request.environ, request.max_content_length or 0
    try:
        body = environ["wsgi.input"].read(limit + 1)
    except Exception:  # noqa: BLE001 - each server has its own error for chunks that are none
        abort(400)
    if len(body) > limit:
        abort(413)
    del environ["HTTP_TRANSFER_ENCODING"]
    environ.update({"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})


def event_number(name: str) -> int | None:
    """A query parameter that names an event; None if it is not there. 400 for what no event's number can be."""
    if name not in request.args:
        return None
    number = request.args.get(name, type=int)
    if number is None or not 0 < number < 2**63:
        abort(400)
    return number


DOCS_PATH = "/api/docs"


def is_api_path(path: str) -> bool:
    """Is this address the Bearer API's? It reads no cookie, so nobody's cookies can be abused there.

    Its manual is a page like any other.
    """
    return path.startswith("/api/") and path != DOCS_PATH


def is_api() -> bool:
    return is_api_path(request.path)


def asks_for_json() -> bool:
    """Is JSON what the sender would rather have than a page?"""
    if "json" not in request.environ.get("HTTP_ACCEPT", ""):
        return False
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def wants_page() -> bool:
    """Is this a page navigation, as opposed to `fetch`? Old browsers send no Sec-Fetch-Mode, so they count as if they
    navigate."""
    mode = request.environ.get("HTTP_SEC_FETCH_MODE", "navigate")
    return mode == "navigate" and not asks_for_json()
