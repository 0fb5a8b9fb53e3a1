"""Which host names are answered. A development server that was put on a network by mistake answers to nobody."""

from __future__ import annotations

from flask import abort, request

from webapp.web.authentication import is_tokenless
from webapp.web.services import services


def refuse_foreign_hosts() -> None:
    """400 for a `Host` that is not ours; probes of a load balancer address hosts by number, so those pass."""
    if not is_ours(request.environ.get("HTTP_HOST", "")) and not is_tokenless():
        abort(400)


def is_ours(host: str) -> bool:
    """Is this `Host` header (name, or name and port) one that this application answers to?"""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    return name in services().settings.allowed_hosts
