"""The OpenAPI document: made by apispec from what stands above each view, and from the schemas that check bodies."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, current_app, request
from marshmallow import Schema

from webapp.services import services
from webapp.web.api import schema

V = TypeVar("V", bound=Callable[..., Any])

VERSION = "1"
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
    503: ("The database is unavailable; a change may have been made", _RETRY),
}


class DescribedBlueprint(Blueprint):
    """A blueprint whose views are described where they are registered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operations: list[tuple[str, str, dict[str, Any]]] = []
        """Path below the prefix, method, description; in the order of the document."""

    def described(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        gives: Mapping[int, tuple[str, type[Schema] | None]],
        name: str | None = None,
        problems: tuple[int, ...] = (),
        takes: type[Schema] | None = None,
        example: Mapping[str, Any] | None = None,
        bearer: bool = True,
        unauthorized: str = "",
        headers: Mapping[int, Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> Callable[[V], V]:
        """Register a view and describe it: what it gives (status -> description, body), its problems, what it takes.

        `unauthorized`: what 401 means here, where it is not about the access token. `name`: Flask's name of the
        endpoint, where it is not the view's.
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
            # It may stand beside a reference (OpenAPI 3.1, section 4.8.23).
            responses["401"]["description"] = unauthorized
        operation: dict[str, Any] = {"summary": summary, "tags": [self.name], "responses": responses, **more}
        if takes is not None:
            content: dict[str, Any] = {"schema": takes}
            if example is not None:
                content["example"] = dict(example)
            operation["requestBody"] = {"required": True, "content": {"application/json": content}}
        if not bearer:
            operation["security"] = []
        self.operations.append((path, method, operation))

        def decorate(view: V) -> V:
            self.add_url_rule(path, name, view, methods=[method])
            return view

        return decorate


api = DescribedBlueprint("api", __name__, url_prefix="/api/v1")
endpoint = api.described


def register(app: Flask, _views: Collection[ModuleType]) -> None:
    """Register the API and make its document. `_views`: the modules whose import described them."""
    app.register_blueprint(api)
    app.extensions[DOCUMENT] = document_of(api)


@cache
def document_of(blueprint: DescribedBlueprint) -> dict[str, Any]:
    """The OpenAPI document, but for its `servers`, which name the address that a reader came to."""
    spec = APISpec(
        "Tokenroom",
        VERSION,
        "3.1.0",
        plugins=[MarshmallowPlugin()],
        info={"description": INTRODUCTION},
        security=[{"bearer": []}],
        tags=[{"name": blueprint.name, "description": "The Bearer API"}],
    )
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
    for path, method, operation in blueprint.operations:
        form = {"type": "string", "minLength": 1}
        parts = [{"in": "path", "name": part, "required": True, "schema": form} for part in _PARTS.findall(path)]
        spec.path(
            f"{blueprint.url_prefix}" + _PARTS.sub(r"{\1}", path),
            operations={method.lower(): copy.deepcopy(operation)},
            parameters=parts or None,
        )
    made: dict[str, Any] = spec.to_dict()
    made["components"]["schemas"]["MeChange"]["not"] = schema.MeChange.REFUSED
    return made


_PARTS = re.compile(r"<(\w+)>")
"""The variable parts of a path, as Flask writes them."""


def document() -> dict[str, Any]:
    """The document for the reader who asks."""
    return {**current_app.extensions[DOCUMENT], "servers": [{"url": site_address()}]}


def site_address() -> str:
    """This site's address for examples. In development the one in use, since any loopback name and port will do."""
    settings = services().settings
    return settings.public_url if settings.production else request.url_root.rstrip("/")
