"""The API's manual for people: a page of ours, drawn from the OpenAPI document, the refresh matrix and examples/."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, current_app, render_template

from webapp.core.decision import API_REFRESH, Outcome, RefreshColumn, TokenState
from webapp.web.api import openapi
from webapp.web.marks import public
from webapp.web.requests import DOCS_PATH
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.tokens import COLUMN

blueprint = Blueprint("api_docs", __name__)

EXAMPLES = (
    ("curl.sh", _l("Shell, curl")),
    ("with_requests.py", _l("Python, requests")),
    ("with_httpx.py", _l("Python, httpx")),
    ("httpx_auth.py", _l("httpx.Auth class to copy")),
    ("with_fetch.mjs", _l("JavaScript, fetch")),
)

EXAMPLE_ADDRESS = "http://127.0.0.1:8000"
"""What stands in the files of examples/; the page names this site's own address in its place."""

ANSWER_WORDS = {
    Outcome.INCOMPLETE: (400, _l("refresh token missing")),
    Outcome.LOG_IN: (401, _l("log in")),
    Outcome.ROTATE: (200, _l("new pair")),
    Outcome.RENEW: (200, _l("new pair (case 3)")),
    Outcome.REDELIVER: (200, _l("new access token, and the new refresh token again or another one")),
    Outcome.ACCESS_ONLY: (200, _l("new access token")),
    Outcome.REUSE: (401, _l("session ends")),
}
ANSWER_CLASSES = {200: "cell-renewed", 400: "cell-login", 401: "cell-login"}


class Member(NamedTuple):
    name: str
    kind: str
    required: bool
    description: str


class Answered(NamedTuple):
    status: str
    description: str
    members: list[Member]


class Endpoint(NamedTuple):
    method: str
    path: str
    summary: str
    description: str
    bearer: bool
    takes: list[Member]
    query: list[Member]
    good: list[Answered]
    problems: list[Answered]


@blueprint.get(DOCS_PATH)
@public
def show() -> str:
    """`GET /api/docs`."""
    document, address = openapi.document(), openapi.site_address()
    operations = endpoints(document)
    return render_template(
        "api_docs.html",
        endpoints=operations,
        common=common_problems(operations),
        problem=members_of(document, {"$ref": "#/components/schemas/Problem"}),
        examples=[(name, words, example(name).replace(EXAMPLE_ADDRESS, address)) for name, words in EXAMPLES],
        columns=[COLUMN[column] for column in RefreshColumn],
        rows=[(state, [cell(API_REFRESH[state][column]) for column in RefreshColumn]) for state in TokenState],
    )


def common_problems(operations: list[Endpoint]) -> dict[str, str]:
    """Status -> what it means at most endpoints, so that each need only tell what is different."""
    told: dict[str, Counter[str]] = {}
    for problem in sorted(problem for operation in operations for problem in operation.problems):
        told.setdefault(problem.status, Counter())[problem.description] += 1
    return {status: descriptions.most_common(1)[0][0] for status, descriptions in told.items()}


def cell(answer: Outcome) -> tuple[int, Any, str]:
    status, words = ANSWER_WORDS[answer]
    return status, words, "cell-theft" if answer is Outcome.REUSE else ANSWER_CLASSES[status]


@cache
def example(name: str) -> str:
    """The text of a file in examples/."""
    return (Path(current_app.root_path).parent / "examples" / name).read_text("utf-8")


def endpoints(document: dict[str, Any]) -> list[Endpoint]:
    """Every operation of the document, in its order."""
    return [
        _endpoint(document, method, path, item[method])
        for path, item in document["paths"].items()
        for method in ("get", "post", "patch", "delete")
        if method in item
    ]


def _endpoint(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Endpoint:
    answers = []
    for status, given in operation["responses"].items():
        response = resolve(document, given)
        body = response.get("content", {}).get("application/json", {}).get("schema")
        members = members_of(document, body) if body and status < "400" else []
        answers.append(Answered(status, response["description"], members))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    query = [
        Member(p["name"], p["schema"].get("type", ""), p.get("required", False), p.get("description", ""))
        for p in operation.get("parameters", [])
        if p["in"] == "query"
    ]
    return Endpoint(
        method.upper(),
        path,
        operation["summary"],
        operation.get("description", ""),
        operation.get("security") != [],
        members_of(document, body) if body else [],
        query,
        [answer for answer in answers if answer.status < "400"],
        [answer for answer in answers if answer.status >= "400"],
    )


def members_of(document: dict[str, Any], schema: dict[str, Any], prefix: str = "") -> list[Member]:
    """The members of an object, those of objects within by dotted names."""
    shape = resolve(document, schema)
    found = []
    for name, given in shape.get("properties", {}).items():
        member = resolve(document, given)
        inner = resolve(document, member.get("items", {})) if member.get("type") == "array" else member
        kind = " | ".join(member["enum"]) if "enum" in member else _kind(member)
        found.append(Member(prefix + name, kind, name in shape.get("required", ()), member.get("description", "")))
        found += members_of(document, inner, f"{prefix}{name}{'[]' if inner is not member else ''}.")
    return found


def _kind(member: dict[str, Any]) -> str:
    kind = member.get("type", "object")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)


def resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` stands for."""
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{name: value for name, value in node.items() if name != "$ref"}}
