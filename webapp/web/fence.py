"""Which host names are answered. A development server that was put on a network by mistake answers to nobody."""

from __future__ import annotations

from flask import Flask, abort, request
from werkzeug.exceptions import SecurityError

from webapp.web.authentication import is_tokenless
from webapp.web.services import services


def register(app: Flask) -> None:
    app.before_request(refuse_foreign_hosts)


def refuse_foreign_hosts() -> None:
    """400 for a `Host` that is not ours; probes of a load balancer address hosts by number, so those pass."""
    if is_tokenless():
        return
    try:
        host = request.host.lower()
    except SecurityError:
        abort(400)
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if name not in services().settings.allowed_hosts:
        abort(400, description="unknown host")
