"""What Flask and Werkzeug work out anew for each request, though its answer is known: the address, and the headers.

Plain: their own way.
Cost:  25 µs a page, a third of what authentication takes.   (docs/performance.md)
Here:  the usual case at once. Everything unusual goes their own way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, Request, Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.routing import MapAdapter
from werkzeug.sansio.utils import get_host
from werkzeug.utils import cached_property

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HOSTS = 64
"""Host headers whose form is kept: few are ours, and the others are refused anyway."""
LONGEST_HOST = 260
"""Characters; a host name has 253 (RFC 1035 section 2.3.4), and a port behind it six."""
CORRECTED = frozenset({"Location", "Content-Location"})
"""Headers that Werkzeug makes an address of."""


class OurRequest(Request):
    """A request that knows which blueprint its view belongs to without looking three times."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """As Flask's. 400 for a query whose bytes are no UTF-8, which gunicorn refuses itself."""
        try:
            return super().args
        except UnicodeDecodeError:
            raise BadRequest from None

    @property
    def blueprints(self) -> list[str]:
        """As Flask's."""
        rule = self.url_rule
        return _blueprints_of(rule.endpoint) if rule is not None else []


@lru_cache(1024)
def _blueprints_of(endpoint: str) -> list[str]:
    names = endpoint.split(".")[:-1]
    return [".".join(names[:count]) for count in range(len(names), 0, -1)]


class OurResponse(Response):
    """A page as it is: Werkzeug would copy its headers and go through them for what only other answers have."""

    def get_wsgi_response(self, environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """As Werkzeug's: body, status and headers for the server."""
        headers, body = self.headers.to_wsgi_list(), self.response
        usual = self._status_code == 200 and environ["REQUEST_METHOD"] != "HEAD" and not self._on_close
        if usual and type(body) is list and len(body) == 1 and type(body[0]) is bytes:
            names = {name for name, _value in headers}
            if "Content-Length" in names and names.isdisjoint(CORRECTED):
                return body, self._status, headers
        return super().get_wsgi_response(environ)


def bind(app: Flask, request: Request) -> MapAdapter | None:
    """What matches this request's address with the routes of `app`. None: it is no usual request, or no usual `app`."""
    environ, config = request.environ, app.config
    header = environ.get("HTTP_HOST", "")
    if len(header) > LONGEST_HOST or "HTTP_UPGRADE" in environ or not environ.get("PATH_INFO"):
        return None
    if config["SERVER_NAME"] or config["TRUSTED_HOSTS"]:
        return None
    scheme: str = environ["wsgi.url_scheme"]
    host = _usual_host(scheme, header)
    if not host:
        return None
    return _bound_to(host, app, request)


def bind_without_host(app: Flask, request: Request) -> MapAdapter:
    """The same for a request whose `Host` is no name that a host can have.

    Plain: Flask knows no address for it.
    Cost:  the page that refuses it has addresses, so it is a 500.
    Here:  it counts as a request without a host, which is refused like a foreign one (web/hosts.py).
    """
    return _bound_to("", app, request)


def _bound_to(host: str, app: Flask, request: Request) -> MapAdapter:
    environ, request.host = request.environ, host
    query = environ.get("QUERY_STRING", "").encode("latin-1").decode(errors="replace")
    scheme: str = environ["wsgi.url_scheme"]
    return MapAdapter(app.url_map, host, request.root_path, "", scheme, request.path, request.method, query)


@lru_cache(HOSTS)
def _usual_host(scheme: str, header: str) -> str:
    """The host of a request, without the scheme's own port; empty for one that Flask would spell otherwise."""
    host = get_host(scheme, header)
    name, _, _port = host.partition(":")
    try:
        return host if name == name.lower().encode("idna").decode("ascii") else ""
    except UnicodeError:  # a label that is too long
        return ""
