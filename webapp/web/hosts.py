"""Which host names are answered. A development server that was put on a network by mistake answers to nobody."""

from __future__ import annotations

from collections.abc import Container

from flask import Request, abort

from webapp.services import Services
from webapp.web.marks import View, is_health, is_tokenless


def refuse_foreign_hosts(request: Request, view: View, application: Services) -> None:
    """400 for a `Host` that is not ours. Probes address hosts by number and pass; in production scrapes too."""
    host, hosts = request.environ.get("HTTP_HOST", ""), application.hosts
    if host in hosts or is_ours(host, hosts) or is_health(view):
        return
    if not (application.settings.production and is_tokenless(view)):
        abort(400)


def is_ours(host: str, hosts: Container[str]) -> bool:
    """Is this `Host` header (name, or name and port) one that this application answers to?"""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    return name in hosts
