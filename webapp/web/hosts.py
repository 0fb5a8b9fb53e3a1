"""Which host names are answered. A development server that is on a network by mistake answers nobody there.

Flask's own TRUSTED_HOSTS is asked before routing, so it would refuse health probes, which address hosts by number.
"""

from __future__ import annotations

from collections.abc import Container

from flask import Request, abort

from webapp.config import Settings
from webapp.web.marks import View, is_health, is_tokenless


def refuse_foreign_hosts(request: Request, view: View, hosts: Container[str], settings: Settings) -> None:
    """400 for a `Host` that is not among `hosts`. Health probes pass, and in production scrapes too."""
    host = request.environ.get("HTTP_HOST", "")
    if host in hosts or is_ours(host, hosts) or is_health(view):
        return
    if not (settings.production and is_tokenless(view)):
        abort(400)


def is_ours(host: str, hosts: Container[str]) -> bool:
    """Whether this `Host` header (name, or name and port) is one that this application answers to."""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    return name in hosts
