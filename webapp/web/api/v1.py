"""The other endpoints of version 1. Closed unless `@public`; the answers of each are described above it."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, request
from flask_login import current_user
from marshmallow import ValidationError

from webapp.core.devices import describe
from webapp.core.errors import FieldError
from webapp.core.session import SessionRow
from webapp.core.text import fold
from webapp.flows.end_sessions import end_own
from webapp.flows.save_profile import save_profile
from webapp.services import services
from webapp.store import auth_sessions, factors, session_list, users
from webapp.store.database import read
from webapp.store.driver import look
from webapp.web.api import schema
from webapp.web.api.body import named, read_body
from webapp.web.api.errors import error_of_status, error_response
from webapp.web.api.openapi import document, endpoint
from webapp.web.marks import public
from webapp.web.requests import client
from webapp.web.roles import role_required
from webapp.web.sensitive import is_another_session, sensitive

SEE_FIELDS = "Some fields are not valid; see fields."
CHANGE, QUERY = schema.MeChange(), schema.UsersQuery()


@endpoint("GET", "/me", "Get your account", gives={200: ("The account", schema.Me)})
def me() -> Response:
    return jsonify(_account(current_user.auth_session))


@endpoint(
    "PATCH",
    "/me",
    "Change your name, theme or language",
    gives={200: ("The updated account", schema.Me)},
    problems=(422,),
    takes=schema.MeChange,
    example={"name": "Ada Lovelace", "theme": "dark"},
    description="Fields you leave out do not change.",
)
def change_me() -> Response:
    given = read_body(CHANGE, status=422, error="unprocessable", words=SEE_FIELDS)
    preferences = given.pop("preferences", {})
    if twice := {f"preferences.{name}": "It appears twice in the body." for name in preferences if name in given}:
        return error_response(422, "unprocessable", SEE_FIELDS, fields=twice)
    try:
        save_profile(current_user.id, **preferences, **given)
    except FieldError as refused:
        # The schema knows the same rules; this is for the day on which it does not.
        return error_response(422, "unprocessable", SEE_FIELDS, fields={refused.field: refused.code})
    row = auth_sessions.load(current_user.auth_session.sid)
    return jsonify(_account(row or current_user.auth_session))


@endpoint(
    "GET",
    "/sessions",
    "List your active sessions",
    gives={200: ("Newest first, website sessions included", schema.Sessions)},
)
def sessions() -> Response:
    now, window = g.auth.judged_at, services().settings.lifetimes.renewal_window
    listed = look(lambda tx: session_list.of_user(tx, current_user.id, ended_since=now))
    living = [session for session in listed if session.ending(now, window) is None]
    return jsonify(
        sessions=[
            {
                "id": session.sid,
                "channel": session.channel,
                "device": describe(session.user_agent),
                "created_at": session.created_at,
                "last_seen_at": session.last_seen_at,
                "expires_at": session.expires_at,
                "current": session.sid == current_user.auth_session.sid,
            }
            for session in sorted(living, key=lambda session: -session.created_at)
        ]
    )


@endpoint(
    "DELETE",
    "/sessions/<sid>",
    "End one of your sessions",
    gives={204: ("The session has ended; its tokens no longer work", None)},
    problems=(404,),
    unauthorized="The access token is invalid, or not fresh enough (`insufficient_user_authentication`, RFC 9470)",
    description="You can end the current session, too. To end another one you must have proved who you are within the "
    "last minutes: log in, or see `POST /api/v1/step-up`. A session that is not yours or has ended returns 404.",
)
@sensitive(when=is_another_session)
def end_session(sid: str) -> Response:
    own = current_user.auth_session.sid
    if not end_own(current_user.id, sid, current=own, client=client(), now=g.auth.judged_at):
        return error_of_status(404)
    return Response(status=204)


@endpoint(
    "GET",
    "/users",
    "List all users (administrators only)",
    gives={200: ("Users in order of username", schema.Users)},
    problems=(403, 422),
    parameters=[{"in": "query", "schema": schema.UsersQuery}],
)
@role_required("admin")
def list_users() -> Response:
    try:
        query = QUERY.load(_query())
    except ValidationError as invalid:
        fields, unknown = named(QUERY, invalid.messages_dict)
        words = "The query has an unknown parameter." if unknown and not fields else SEE_FIELDS
        return error_response(422, "unprocessable", words, fields=fields)
    page = read(lambda tx: users.page(tx, after=query["after"], limit=query["limit"]))
    return jsonify(
        users=[
            {
                "id": user.id,
                "username": user.username,
                "email": user.email,
                "name": user.name,
                "role": user.role,
                "disabled": user.disabled_at is not None,
                "created_at": user.created_at,
            }
            for user in page
        ],
        next=fold(page[-1].username) if len(page) == query["limit"] else None,
    )


@endpoint(
    "GET", "/openapi.json", "This document", gives={200: ("OpenAPI 3.1", None)}, bearer=False, operationId="openapi"
)
@public
def openapi() -> Response:
    return jsonify(document())


def _query() -> dict[str, Any]:
    given: dict[str, Any] = request.args.to_dict()
    if "limit" in given and given["limit"].isascii() and given["limit"].isdigit() and len(given["limit"]) < 10:
        given["limit"] = int(given["limit"])  # the schema takes numbers only: "1_0" and " 7" are none
    return given


def _account(row: SessionRow) -> dict[str, Any]:
    return {
        "id": row.user_id,
        "username": row.username,
        "email": row.email,
        "email_verified": row.email_verified_at is not None,
        "mfa": read(lambda tx: factors.of_person(tx, row.user_id)).any,
        "name": row.name,
        "role": row.role,
        "preferences": {"theme": row.theme, "language": row.language},
    }
