"""One id a request: in every log line, in the `X-Request-ID` header and on error pages.

Always our own. An id from outside would let whoever sends it choose what stands in the log.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import structlog
from flask import request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEADER = "X-Request-ID"
_ENVIRON = "tokenroom.request_id"


def give(environ: WSGIEnvironment) -> str:
    """Give the request of this WSGI environment its id, before the application sees it; the id."""
    environ[_ENVIRON] = request_id = secrets.token_hex(16)
    return request_id


def begin() -> None:
    """Put the id into what this thread logs from here on. The first thing that happens at the door."""
    # Overwrites the id of the request that this thread served before: nothing else is ever bound.
    structlog.contextvars.bind_contextvars(request_id=current())


def current() -> str | None:
    """The current request's id."""
    return request.environ.get(_ENVIRON)
