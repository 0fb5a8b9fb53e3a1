"""For machines: is the process up, can it serve, which public keys verify our access tokens."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify, url_for

from webapp import probe
from webapp.services import services
from webapp.store import health
from webapp.web import marks, metrics
from webapp.web.answers import see_other
from webapp.web.marks import tokenless
from webapp.web.told import is_due

log = logging.getLogger(__name__)

blueprint = Blueprint("operations", __name__)

JWKS_MAX_AGE = 300
"""Seconds a verifier may keep our public keys."""


@blueprint.get("/healthz")
@marks.health
def healthz() -> Response:
    """The process is up. Asks nobody else."""
    seen = probe.seen()
    return jsonify(status="ok", seen=seen) if seen else jsonify(status="ok")


@blueprint.get("/readyz")
@marks.health
def readyz() -> tuple[Response, int]:
    """Ready to serve: the database answers and has every migration. The keys are there, or nothing would run.

    `warnings` tell where a logout may not survive a crash or a failover. The log says why it is not ready, and repeats
    it once a minute for as long as it is asked.
    """
    found = health.health()
    if found.problem:
        if is_due("not ready", services().clock()):
            log.error("not ready: %s", found.details)
        return jsonify(status="not ready", reason=found.problem), 503
    told = {"warnings": found.warnings} if found.warnings else {}
    return jsonify(status="ready", keys=len(services().tokens.ring.keys), **told), 200


@blueprint.get("/metrics")
@tokenless
def metrics_text() -> Response:
    """Counts of all workers for Prometheus. The reverse proxy keeps strangers away from it (deploy/)."""
    return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


@blueprint.get("/.well-known/change-password")
@tokenless
def change_password() -> Response:
    """Password managers lead their user here to change a password (W3C, "A Well-Known URL for Changing Passwords")."""
    return see_other(url_for("passwords.change"))


@blueprint.get("/.well-known/jwks.json")
@tokenless
def jwks() -> Response:
    """Public keys of the access tokens (RFC 7517); none where they are signed with a shared secret."""
    answer = jsonify(services().tokens.ring.public_jwks())
    answer.cache_control.public = True
    answer.cache_control.max_age = JWKS_MAX_AGE
    return answer
