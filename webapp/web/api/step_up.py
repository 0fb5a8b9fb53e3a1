"""Prove once more who you are, for what the API asks that of (RFC 9470)."""

from __future__ import annotations

from flask import Response, g

from webapp.core.decision import TokenState
from webapp.core.errors import WrongPassword
from webapp.flows.prove_factor import Typed
from webapp.flows.step_up import SessionOver
from webapp.services import services
from webapp.web import proving
from webapp.web.api import schema
from webapp.web.api.bearer import unauthorized
from webapp.web.api.body import read_body
from webapp.web.api.errors import error_response
from webapp.web.api.openapi import endpoint
from webapp.web.api.tokens import NEW_ACCESS, give_access

STEP_UP = schema.StepUp()


@endpoint(
    "POST",
    "/step-up",
    "Prove once more who you are",
    gives={200: ("A fresh access token, which ends when the one you sent does", schema.Access)},
    headers={200: NEW_ACCESS},
    problems=(429,),
    takes=schema.StepUp,
    example={"password": "a perfectly fine sentence"},
    unauthorized="The access token is invalid (`invalid_token`), or the password or the code is wrong "
    "(`invalid_grant`; which of the two is not told)",
    description="If a request fails with `insufficient_user_authentication`, send the password here, and with it `otp` "
    "or `recovery_code` if the account has a second step. Then repeat the request with the new access token. It stays "
    "fresh for `max_age` seconds, and so do the access tokens that you exchange it for at `POST /api/v1/refresh`.",
    name="step_up",
)
def answer_step_up() -> Response:
    """The access token alone is new."""
    given = read_body(
        STEP_UP, status=400, error="invalid_request", words="password is required, and all members must be strings."
    )
    held = g.auth.judgement.access.claims
    now = services().clock()
    typed = Typed(given.get("otp", ""), given.get("recovery_code", ""))
    try:
        issued = proving.prove(given["password"], typed, judged_at=now, knows_browsers=False)
    except WrongPassword:
        return error_response(401, "invalid_grant", "The password or the code is wrong.")
    except SessionOver:
        return unauthorized(TokenState.INVALID)
    if issued.access is None:
        return unauthorized(TokenState.INVALID)
    return give_access(issued.access, held.exp - now)
