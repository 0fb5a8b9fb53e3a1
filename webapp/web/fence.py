"""Which host names are answered. A development server that was put on a network by mistake answers to nobody."""

from __future__ import annotations

from collections.abc import Container

from flask import Request, abort

from webapp.web.marks import View, is_tokenless


def refuse_foreign_hosts(request: Request, view: View, hosts: Container[str]) -> None:
    """400 for a `Host` that is not ours; probes of a load balancer address hosts by number, so those pass."""
    host = request.environ.get("HTTP_HOST", "")
    if host not in hosts and not is_ours(host, hosts) and not is_tokenless(view):
        abort(400)


def is_ours(host: str, hosts: Container[str]) -> bool:
    """Is this `Host` header (name, or name and port) one that this application answers to?"""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    return name in hosts
