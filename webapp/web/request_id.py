"""One id a request: in every log line, in the `X-Request-ID` header and on error pages.

Always our own. An id from outside would let whoever sends it choose what stands in the log.
"""

from __future__ import annotations

import secrets

import structlog
from flask import Response

HEADER = "X-Request-ID"


def begin() -> None:
    """Give this request an id. The first thing that happens to it."""
    # Overwrites the id of the request that this thread served before: nothing else is ever bound.
    structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(16))


def current() -> str | None:
    """This request's id; None outside of one."""
    return structlog.contextvars.get_contextvars().get("request_id")


def show(response: Response) -> Response:
    """Put the id on the answer."""
    request_id = current()
    if request_id:
        response.headers[HEADER] = request_id
    return response
