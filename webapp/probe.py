"""A request as it looks after the proxies, for `flask doctor` only.

Doctor asks the running site over its public address, with a forged `X-Forwarded-For` and a signed header. The health
answer then says which address the application believed. Without the signature nothing is said.
"""

from __future__ import annotations

from flask import current_app, request
from itsdangerous import BadData, TimestampSigner

HEADER = "X-Tokenroom-Probe"
MAX_AGE = 60
"""Seconds for which a probe is answered."""


def sign_probe() -> str:
    """The header's value, signed with this deployment's own secret."""
    return _signer().sign("probe").decode()


def seen() -> dict[str, object] | None:
    """What this request shows of its way here, if a probe asks."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    try:
        _signer().unsign(text, max_age=MAX_AGE)
    except BadData:
        return None
    forwarded = request.headers.get("X-Forwarded-For", "")
    return {
        "client": request.remote_addr,
        "forwarded_for": [part.strip() for part in forwarded.split(",") if part.strip()],
        "scheme": request.scheme,
    }


def _signer() -> TimestampSigner:
    return TimestampSigner(current_app.config["SECRET_KEY"], salt="tokenroom probe")
