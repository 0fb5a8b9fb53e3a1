"""Whose address a request counts as: the peer's, or what the trusted proxies wrote (WEBAPP_TRUSTED_PROXIES)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.core.addresses import plain_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def with_plain_address(app: WSGIApplication, trusted_proxies: int) -> WSGIApplication:
    """WSGI middleware: `REMOTE_ADDR` is one plain address, read from `trusted_proxies` proxies' forwarded headers.

    An unreadable entry of a proxy counts as the peer. As raw text it would give a client as many rate limits
    as it can write.
    """

    def plain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("REMOTE_ADDR") or ""
        address = plain_address(given)
        if address is None:
            peer = environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or ""
            address = plain_address(peer) or ""  # a Unix socket's peer has no address
        if address != given:
            environ["REMOTE_ADDR"] = address
        return app(environ, start_response)

    if not trusted_proxies:
        return plain
    return ProxyFix(plain, x_for=trusted_proxies, x_proto=trusted_proxies, x_host=trusted_proxies)
