"""The OpenAPI document: made by flask-smorest from what stands above each view.

flask-smorest only describes here. It checks no body and handles no error: its handlers would answer for the whole
application, pages included, and drop `Allow` and `WWW-Authenticate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema

from webapp.services import services_of
from webapp.web.api import schema

V = TypeVar("V", bound=Callable[..., Any])

VERSION = "1"
METHODS = frozenset({"get", "post", "patch", "delete"})
DOCUMENT = "OPENAPI_DOCUMENT"
"""Where the finished document waits in `app.extensions`."""

INTRODUCTION = """\
Log in to get two tokens. The access token lasts minutes; send it with every request as `Authorization: Bearer`. The
refresh token lasts weeks; send it to `POST /api/v1/refresh` only. If a request fails with `error="invalid_token"` and
*The access token expired*, send **both** tokens to that address and repeat the request with the new access token. Each
refresh replaces the refresh token; if the response is lost, the same request returns it again."""

_CHALLENGE = {
    "WWW-Authenticate": {
        "description": 'RFC 6750: `Bearer realm="api"`, with `error` and `error_description` where a token was sent',
        "required": True,
        "schema": {"type": "string"},
    }
}
_RETRY = {
    "Retry-After": {"description": "Seconds to wait", "required": True, "schema": {"type": "integer", "minimum": 0}}
}

PROBLEMS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("The request is malformed: its header, its JSON or one of its fields", {}),
    401: ("Access token missing or invalid", _CHALLENGE),
    403: ("The account does not have the required role", _CHALLENGE),
    404: ("There is nothing at this address", {}),
    413: ("The body is larger than 64 KB", {}),
    415: ("The body is not `application/json`", {}),
    422: ("Some fields cannot be used; `fields` lists them", {}),
    429: ("Too many requests", _RETRY),
    503: ("The database is unavailable; nothing was changed", _RETRY),
}


class DescribingApi(Api):  # type: ignore[misc]
    """flask-smorest without its error handlers: webapp/web/errors.py stays in charge."""

    ERROR_SCHEMA = schema.Problem

    def _nothing(self) -> None:
        pass

    _register_error_handlers = _nothing
    # Nor do we need its stock answers, entity tags and pagination in the document.
    _register_responses = _register_etag_headers = _register_pagination_header = _nothing


def end_point(
    blueprint: Blueprint,
    method: str,
    path: str,
    summary: str,
    *,
    gives: Mapping[int, tuple[str, type[Schema] | None]],
    problems: tuple[int, ...] = (),
    takes: type[Schema] | None = None,
    example: Mapping[str, Any] | None = None,
    bearer: bool = True,
    unauthorized: str = "",
    headers: Mapping[int, Mapping[str, Any]] | None = None,
    **more: Any,
) -> Callable[[V], V]:
    """Register a view and describe it: what it gives (status -> description, body), its problems, the body it takes.

    `unauthorized`: what 401 means here, where it is not about the access token.
    """
    responses: dict[str, Any] = {}
    for status, (description, body) in gives.items():
        responses[str(status)] = {"description": description}
        if body is not None:
            responses[str(status)]["content"] = {"application/json": {"schema": body}}
        if headers and status in headers:
            responses[str(status)]["headers"] = headers[status]
    always = (400, 503) + ((401,) if bearer else ()) + ((413, 415) if takes else ())
    for status in sorted({*always, *problems}):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    if unauthorized:
        responses["401"]["description"] = unauthorized  # it may stand beside a reference (OpenAPI 3.1, section 4.8.23)
    doc: dict[str, Any] = {"summary": summary, "responses": responses, **more}
    if takes is not None:
        content: dict[str, Any] = {"schema": takes}
        if example is not None:
            content["example"] = dict(example)
        doc["requestBody"] = {"required": True, "content": {"application/json": content}}
    if not bearer:
        doc["security"] = []

    def decorate(view: V) -> V:
        # The description without flask-smorest's wrapper, which would cost every request as much as our token check.
        view._apidoc = Blueprint.doc(**doc)(view)._apidoc  # type: ignore[attr-defined]
        blueprint.add_url_rule(path, None, view, methods=[method])
        return view

    return decorate


def register(app: Flask, *blueprints: Blueprint) -> None:
    """Register the blueprints and make their document."""
    address = services_of(app).settings.public_url
    app.config.update(API_TITLE="Tokenroom", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    api = DescribingApi(
        app,
        spec_kwargs={
            "info": {"description": INTRODUCTION},
            "servers": [{"url": address}],
            "security": [{"bearer": []}],
        },
    )
    spec = api.spec
    spec.components.security_scheme(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token returned by `POST /api/v1/login` or `POST /api/v1/refresh`",
        },
    )
    for status, (description, headers) in PROBLEMS.items():
        response: dict[str, Any] = {
            "description": description,
            "content": {"application/json": {"schema": schema.Problem}},
        }
        spec.components.response(str(status), response | ({"headers": headers} if headers else {}))
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    document = spec.to_dict()
    for item in document["paths"].values():
        for method in METHODS & item.keys():
            item[method]["responses"].pop("default", None)  # flask-smorest's own; what we answer stands there by status
    app.extensions[DOCUMENT] = document
