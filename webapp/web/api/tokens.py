"""The three endpoints that deal in tokens: log in, refresh, log out. They judge the header themselves."""

from __future__ import annotations

import time
from typing import Any

from flask import Response, jsonify, request

from webapp.core.decision import API_REFRESH, Outcome, RefreshColumn, TokenState
from webapp.core.rotation import REFRESHING
from webapp.core.session import SessionRow
from webapp.core.standing import Standing
from webapp.core.steps import Step
from webapp.flows.arrival import Arrival
from webapp.flows.confirm import confirm
from webapp.flows.end_reused import end_reused
from webapp.flows.finish_login import LoginOver, OtherStep, prove_second
from webapp.flows.judge import judge
from webapp.flows.log_in import Unfinished, WrongCredentials, log_in
from webapp.flows.log_out import log_out
from webapp.flows.note_odd_tokens import note_abandoned
from webapp.flows.prove_factor import Typed, WrongCode
from webapp.flows.refresh import refresh
from webapp.services import services
from webapp.web import metrics
from webapp.web.api import schema
from webapp.web.api.bearer import INVALID, bearer_token, note, unauthorized
from webapp.web.api.body import read_body
from webapp.web.api.errors import challenge, error_response
from webapp.web.api.openapi import endpoint
from webapp.web.gates import FactorGate, LogInGate
from webapp.web.limits import limit_refresh
from webapp.web.marks import public
from webapp.web.requests import client

LOG_IN, REFRESH = schema.LogIn(), schema.Refresh()

NEW_ACCESS = {
    "Authorization": {"description": "`Bearer` and the new access token, as in the body", "schema": {"type": "string"}}
}


@endpoint(
    "POST",
    "/login",
    "Log in",
    gives={200: ("Both tokens of the new session", schema.TokenPair)},
    headers={200: NEW_ACCESS},
    problems=(401, 429),
    takes=schema.LogIn,
    example={"username": "ada", "password": "a perfectly fine sentence"},
    bearer=False,
    unauthorized="Wrong username or password",
    description="A wrong password, an unknown name and a disabled account all get the same response: "
    "401 with `invalid_grant`. Where the site demands a confirmed email address, an account without one "
    "gets 401 with `email_unconfirmed` and no `methods`: it is confirmed on the website. An account with a second step "
    "gets 401 with `mfa_required`; send the same request again with one of its `methods`.",
    name="login",
)
@public
def answer_log_in() -> Response:
    """A session of its own, and both its tokens."""
    given = read_body(
        LOG_IN, status=400, error="invalid_request", words="username and password are required and must be strings."
    )
    application = services()
    tokens, now, sender = application.tokens, application.clock(), client()
    arrival = Arrival("api", sender, now, tokens.lifetimes, tokens.demands)
    gate = LogInGate(sender, knows_browsers=False)
    try:
        row = log_in(arrival, login=given["username"], password=given["password"], gate=gate)
    except WrongCredentials:
        return error_response(401, "invalid_grant", "The username or password is wrong.")
    if isinstance(row, Unfinished):
        finished = _finish(row, Typed(given.get("otp", ""), given.get("recovery_code", "")))
        if isinstance(finished, Response):
            return finished
        row = finished
    access = tokens.mint_access(row, gen=row.refresh_generation, now=now, auth_time=row.auth_time)
    return _handed_out(row, access, tokens.mint_refresh(row), now)


@endpoint(
    "POST",
    "/refresh",
    "Exchange both tokens for new ones",
    gives={200: ("A new access token and, in most cases, a new refresh token", schema.Refreshed)},
    headers={200: NEW_ACCESS},
    problems=(429,),
    takes=schema.Refresh,
    example={"refresh_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6…"},
    unauthorized="Invalid tokens, or tokens of a session that has ended",
    description="Send the access token, expired or not, in the header and the refresh token in the "
    "body. If the response is lost, send the same request again. On 401 with "
    "`invalid_grant`, log in again.",
    name="refresh",
)
@public
def answer_refresh() -> Response:
    """What the matrix API_REFRESH in core/decision.py says of the two tokens."""
    application = services()
    tokens, now, sender = application.tokens, application.clock(), client()
    access = bearer_token()
    presented = None
    if tokens.verify_access(access, "api", now).claims:
        # Else the body does not matter, because without an access token of ours no refresh token renews or ends
        # anything.
        presented = _presented()
    judgement = judge(tokens, access, presented, "api", now, matrix=API_REFRESH)
    note(judgement, now)
    metrics.observe_request(judgement)
    if judgement.outcome is Outcome.INCOMPLETE:
        return error_response(400, "invalid_request", "refresh_token is required and must be a string.")
    if judgement.outcome is Outcome.REUSE:
        end_reused(judgement, sender, now)
    if judgement.column is RefreshColumn.ABANDONED:
        note_abandoned(judgement, sender, now)
    if judgement.outcome not in REFRESHING:
        return _no_grant(judgement.access.state)
    limit_refresh(judgement, now)
    started = time.perf_counter()
    issued = refresh(tokens, judgement, judged_at=now, now=now, client=sender, pairs=True)
    metrics.observe_refresh(issued.what, time.perf_counter() - started)
    if judgement.standing is not Standing.CURRENT:
        # Only now, because an access token that confirms the successor must not turn its redelivery into grace.
        confirm(judgement, now)
    if issued.row is None or issued.access is None:
        return _no_grant(judgement.access.state)
    return _handed_out(issued.row, issued.access, issued.refresh, now)


@endpoint(
    "POST",
    "/logout",
    "Log out",
    gives={204: ("The session has ended; both tokens no longer work", None)},
    unauthorized="No access token, or not one of ours",
    description="An expired access token is accepted, even if its session has already ended.",
    name="logout",
)
@public
def answer_log_out() -> Response:
    """End the session of an authentic token, expired or not. Twice is fine."""
    application = services()
    now = application.clock()
    access = bearer_token()
    verdict = application.tokens.verify_access(access, "api", now)
    if verdict.claims is None:
        note(judge(application.tokens, access, None, "api", now), now)
        return unauthorized(verdict.state)
    log_out(application.tokens, access, None, "api", client(), now)
    return Response(status=204)


def _finish(login: Unfinished, typed: Typed) -> SessionRow | Response:
    """The session, if the second factor came in the same request. There is no token in between to take for one."""
    if login.step is Step.ADDRESS:
        metrics.note_login(metrics.CHALLENGED)
        words = "Confirm the email address of this account first: log in at /login and enter the code from the mail."
        return error_response(401, "email_unconfirmed", words, methods=[])
    if login.step is Step.ENROL:
        metrics.note_login(metrics.CHALLENGED)
        words = "This account needs a second step first: log in at /login and set it up."
        return error_response(401, "mfa_required", words, methods=[])
    if not typed.otp and not typed.recovery_code:
        metrics.note_login(metrics.CHALLENGED)
        words = "This account has a second step. Send the same request again with otp or recovery_code."
        return error_response(401, "mfa_required", words, methods=["otp", "recovery_code"])
    try:
        came = prove_second(login, typed, safe=services().safe, gate=FactorGate(knows_browsers=False))
    except (WrongCode, LoginOver, OtherStep):
        metrics.count_factor(typed.kind, "wrong")
        return error_response(401, "invalid_grant", "The code is wrong or was used already.")
    metrics.count_factor(typed.kind, "right")
    return came if isinstance(came, SessionRow) else _finish(came, Typed())


def _presented() -> str | None:
    """The refresh token in the body; None where there is no body at all."""
    if not request.get_data():
        return None
    token: str = read_body(
        REFRESH, status=400, error="invalid_request", words="refresh_token is required and must be a string."
    )["refresh_token"]
    return token


def _no_grant(access: TokenState) -> Response:
    if access is TokenState.ABSENT:
        return error_response(
            401, "invalid_grant", "Both tokens are required; send the access token in the Authorization: Bearer header."
        )
    words = "These tokens can no longer be refreshed. Log in again."
    return error_response(401, "invalid_grant", words, authenticate=challenge("invalid_token", INVALID))


def _handed_out(row: SessionRow, access: str, refresh_token: str | None, now: int) -> Response:
    ends = services().tokens.lifetimes.of(row).access_expiry(row.refresh_issued_at, row.expires_at)
    more = {}
    if refresh_token is not None:
        more = {"refresh_token": refresh_token, "refresh_expires_in": max(row.refresh_expires_at - now, 0)}
    return give_access(access, ends - now, **more)


def give_access(access: str, seconds: int, **more: Any) -> Response:
    """200 with an access token that has `seconds` left, and `more` members of the body."""
    answer = jsonify({"access_token": access, "token_type": "Bearer", "expires_in": max(seconds, 0), **more})
    answer.headers["Authorization"] = f"Bearer {access}"
    return answer
