"""A site below a path of a shared host: `WEBAPP_PUBLIC_URL=https://example.com/login`.

WSGI has a name for that path, `SCRIPT_NAME` (PEP 3333), and everything that makes an address here goes by it. It comes
from the settings alone. A proxy hands on the whole path, `/login/account`, or it cuts the prefix off and says so in
`X-Forwarded-Prefix`. It is one of the two, never a guess. Otherwise `/login/login/metrics` would pass a proxy that
closes `/login/metrics`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Request, abort

from webapp.config.settings import Settings
from webapp.core.redirects import is_below
from webapp.web.marks import View, is_health, is_tokenless
from webapp.web.told import is_news

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

OUTSIDE = "tokenroom.outside"
"""Key of the WSGI environment: this request is not for an address below the prefix."""


def below_prefix(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """WSGI middleware: `SCRIPT_NAME` is the prefix, and `PATH_INFO` the path below it."""
    prefix, has_proxy = settings.prefix, settings.trusted_proxies > 0

    def mounted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not (has_proxy and environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/") == prefix):
            whole = environ.get("SCRIPT_NAME", "") + path
            if is_below(whole, prefix):
                path = whole[len(prefix) :]
            else:
                environ[OUTSIDE] = True
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path or "/"
        return app(environ, start_response)

    return mounted if prefix else app


def refuse_outside(request: Request, view: View, settings: Settings) -> None:
    """404 for what is not below the prefix. Probes, scrapes and public keys pass, because they ask this process
    itself."""
    if OUTSIDE not in request.environ or is_health(view) or is_tokenless(view):
        return
    if is_news("prefix"):
        log.warning(
            "refused a request for an address that is not below %s: let the proxy hand on the whole path, or say in "
            "X-Forwarded-Prefix what it cuts off (with WEBAPP_TRUSTED_PROXIES)",
            settings.prefix,
        )
    abort(404)
