"""Answers that many views give."""

from __future__ import annotations

from flask import Response, redirect


def see_other(location: str) -> Response:
    """303: what was sent is done; look here (RFC 9110 section 15.4.4)."""
    answer = redirect(location, 303)
    assert isinstance(answer, Response)
    return answer
