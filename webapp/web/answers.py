"""Answers that many views give."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, redirect, render_template, url_for


def see_other(location: str) -> Response:
    """303: the request is done; look here (RFC 9110 section 15.4.4)."""
    answer = redirect(location, 303)
    assert isinstance(answer, Response)
    return answer


def to_login(**query: str) -> Response:
    """303 to the login page, with these values as its query."""
    address = url_for("accounts.log_in")
    return see_other(f"{address}?{urlencode(query)}" if query else address)


def page(template: str, status: int = 200, **context: Any) -> Response:
    """The page `template`, filled with `context`."""
    return make_response(render_template(template, **context), status)
