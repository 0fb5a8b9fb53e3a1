"""One id a request: in every log line, in the `X-Request-ID` header and on error pages.

Always our own. An id from outside would let its sender choose what the log says.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flask import has_request_context, request
from structlog.typing import EventDict

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEADER = "X-Request-ID"
_ENVIRON = "tokenroom.request_id"


def give(environ: WSGIEnvironment) -> str:
    """Give the request of this WSGI environment its id, 128 random bits, before the application sees it; the id."""
    environ[_ENVIRON] = request_id = os.urandom(16).hex()
    return request_id


def current() -> str | None:
    """The current request's id."""
    return request.environ.get(_ENVIRON)


def add(_logger: object, _method: str, entry: EventDict) -> EventDict:
    """Put the id into a log entry (a processor of structlog's). Asked for by what is logged, not by every request."""
    if has_request_context():
        entry["request_id"] = current()
    return entry
