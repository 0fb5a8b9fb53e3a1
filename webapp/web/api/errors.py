"""Errors of the API: JSON with `error` and `error_description`, in plain ASCII English (RFC 6749 section 5.2)."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, abort, jsonify

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "too_many_requests",
    500: "server_error",
    503: "temporarily_unavailable",
}
"""Status -> the `error` word of a JSON answer."""

_WORDS = {
    400: "The request is malformed.",
    401: "An access token is required.",
    403: "This account does not have permission to do that.",
    404: "Nothing was found at this address.",
    405: "This address does not support that method; the Allow header lists the ones it does.",
    413: "The body is larger than 64 KB.",
    415: "Send the body as application/json.",
    429: "Too many requests; wait for the time given in Retry-After.",
    500: "Something went wrong on our side. The problem has been logged.",
    503: "The database cannot be reached right now. Send the same request again later; it may have been carried out.",
}

REALM = 'Bearer realm="api"'


def challenge(error: str, description: str) -> str:
    """A `WWW-Authenticate` value (RFC 6750 section 3). Both texts are our own, without quotes and without input."""
    return f'{REALM}, error="{error}", error_description="{description}"'


def error_response(
    status: int,
    error: str,
    description: str,
    *,
    authenticate: str | None = None,
    fields: dict[str, str] | None = None,
    methods: list[str] | None = None,
) -> Response:
    """An error answer. `fields` says of members of the body, by name, what is wrong with them; `methods` names the
    members that a login lacks.
    """
    members: dict[str, Any] = {"error": error, "error_description": description}
    if fields is not None:
        members["fields"] = fields
    if methods is not None:
        members["methods"] = methods
    answer = jsonify(members)
    answer.status_code = status
    if authenticate or status == 401:
        answer.headers["WWW-Authenticate"] = authenticate or REALM
    return answer


def error_of_status(status: int) -> Response:
    """The answer where only the status is known."""
    return error_response(
        status, CODES.get(status, "error"), _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]
    )


def refuse(answer: Response) -> NoReturn:
    """End the request with `answer`."""
    abort(answer)
