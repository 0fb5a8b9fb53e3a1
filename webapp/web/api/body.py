"""Read a JSON body against a schema. An unfit body gets a clear 4xx that repeats none of its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from marshmallow.fields import Nested

from webapp.core.strict_json import NotStrictJson, read_document
from webapp.web.api.errors import error_of_status, error_response, refuse

UNKNOWN = "The body has an unknown field."


def read_body(schema: Schema, *, status: int, error: str, words: str) -> dict[str, Any]:
    """The body, checked. 415 for another media type, 413, 400 for what is no JSON object.

    A body that does not fit `schema` is answered with `status`, the word `error` and the sentence `words`.
    """
    members = read_members()
    try:
        loaded: dict[str, Any] = schema.load(members)
    except ValidationError as invalid:
        fields, unknown = named(schema, invalid.messages_dict)
        refuse(error_response(status, error, UNKNOWN if unknown and not fields else words, fields=fields))
    return loaded


def read_members() -> dict[str, Any]:
    """The members of the JSON object in the body."""
    if request.mimetype != "application/json":
        refuse(error_of_status(415))
    try:
        members = read_document(request.get_data())
    except NotStrictJson as refusal:
        refuse(error_response(400, "bad_request", f"The body is {_ARTICLES.get(str(refusal), str(refusal))}."))
    return members


_ARTICLES = {"repeated name in JSON": "ambiguous: it contains the same name twice"}


def named(schema: Schema, messages: Mapping[str, Any]) -> tuple[dict[str, str], bool]:
    """Messages by the dotted names of members that `schema` knows, and whether there are others.

    The name of an unknown member is input, so it is not repeated.
    """
    found: dict[str, str] = {}
    unknown = False
    for name, message in messages.items():
        field = schema.fields.get(name)
        if field is None:
            unknown = True
        elif isinstance(field, Nested) and isinstance(message, Mapping) and "_schema" not in message:
            inner, inner_unknown = named(field.schema, message)
            found |= {f"{name}.{inner_name}": text for inner_name, text in inner.items()}
            unknown |= inner_unknown
        else:
            # "_schema": marshmallow's name for what is wrong with a nested object as a whole
            parts = message["_schema"] if isinstance(message, Mapping) else message
            found[name] = " ".join(str(part) for part in parts)
    return found, unknown
