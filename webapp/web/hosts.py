"""Which host names are answered. A development server that is on a network by mistake answers nobody there.

Flask's own TRUSTED_HOSTS is asked before routing, so it would refuse health probes, which address hosts by number.
"""

from __future__ import annotations

import logging
from collections.abc import Container

from flask import Request
from werkzeug.exceptions import BadRequest

from webapp.config.settings import Settings
from webapp.web.marks import View, is_health, is_tokenless
from webapp.web.told import is_news

log = logging.getLogger(__name__)

MAX_SHOWN = 100
"""Characters of a foreign host name that are shown and logged."""


class ForeignHost(BadRequest):
    """A request for a host name that is not ours. `asked_for` is fit to be shown."""

    def __init__(self, asked_for: str) -> None:
        super().__init__()
        self.asked_for = asked_for


def refuse_foreign_hosts(request: Request, view: View, hosts: Container[str], settings: Settings) -> None:
    """400 for a `Host` that is not among `hosts`. Health probes pass, and in production scrapes too."""
    host = request.environ.get("HTTP_HOST", "")
    if host in hosts or is_ours(host, hosts) or is_health(view):
        return
    if settings.production and is_tokenless(view):
        return
    name = "".join(char for char in host[:MAX_SHOWN] if char.isascii() and char.isprintable())
    _tell(name, request, hosts, settings)
    raise ForeignHost(name)


def is_ours(host: str, hosts: Container[str]) -> bool:
    """Whether this `Host` header (name, or name and port) is one that this application answers to."""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    return name in hosts


def _tell(name: str, request: Request, hosts: Container[str], settings: Settings) -> None:
    if not is_news("host", name):
        return
    if not settings.production:
        remedy = (
            "development answers on localhost only; to serve others, set WEBAPP_ENV=production and WEBAPP_PUBLIC_URL"
        )
    elif not settings.trusted_proxies and is_ours(request.headers.get("X-Forwarded-Host", ""), hosts):
        remedy = "a proxy in front names the right one in X-Forwarded-Host; set WEBAPP_TRUSTED_PROXIES=1"
    else:
        remedy = f"WEBAPP_PUBLIC_URL is {settings.public_url}; correct it, or let the proxy pass the Host header on"
    log.warning("refused a request for the host %r: %s", name, remedy)
