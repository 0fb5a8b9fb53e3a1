"""Answers that many views give."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template


def see_other(location: str) -> Response:
    """303: what was sent is done; look here (RFC 9110 section 15.4.4)."""
    answer = redirect(location, 303)
    assert isinstance(answer, Response)
    return answer


def page(template: str, status: int = 200, **context: Any) -> Response:
    """The page `template`, filled with `context`."""
    return make_response(render_template(template, **context), status)
