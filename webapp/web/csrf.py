"""Cross-site request forgery: the sender's site first, then login, then the form's token.

In this order a login form is protected too. A stranger's post to a closed page is asked to log in rather than told
about a token.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from flask import Request, current_app, g, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from markupsafe import Markup
from werkzeug.exceptions import Forbidden

from webapp.core.cross_origin import is_cross_origin
from webapp.services import services
from webapp.web.form_cookie import FormSession
from webapp.web.told import is_news

log = logging.getLogger(__name__)

csrf = CSRFProtect()

MOST_PAYLOADS = 1024
"""Browsers whose tokens are kept ready to be signed."""


class CrossOrigin(Forbidden):
    """An unsafe request that a page of another site sent."""


def refuse_cross_origin(request: Request) -> None:
    """403 for an unsafe request that another site's page sent, even with a good token."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if is_cross_origin(request.method, site, origin, own_origins()):
        if site == "same-origin" and is_news("origin", str(origin)[:200]):
            # The browser says it is our own page, so it is we who do not know our own address.
            log.warning("refused a form: the browser's Origin is %.200r, this site's is %s", origin, *own_origins())
        raise CrossOrigin


def own_origins() -> frozenset[str]:
    """The origins our pages are served from."""
    settings = services().settings
    if settings.production:
        return frozenset({settings.origin})
    return frozenset({f"{request.scheme}://{request.host}".lower()})


def is_proven_same_origin() -> bool:
    """Did the browser itself say that one of our pages sent this?"""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    return site == "same-origin" or (site is None and origin is not None and origin.lower() in own_origins())


def this_browsers_forms() -> FormSession:
    """Flask's session of this request, not its stand-in."""
    stand_in: Any = session
    found: FormSession = stand_in._get_current_object()
    return found


def csrf_token() -> str:
    """The token of this response's forms.

    Plain: `generate_csrf`.
    Cost:  45 µs: a new signer, its key, settings, a compression that is thrown away; and 4 µs for each further form.
    Here:  the text that it would sign is kept and signed, and the token is kept where it keeps it.
    """
    known = g._get_current_object()
    token: str | None = known.get("csrf_token")
    if token is None:
        forms = this_browsers_forms()
        if "csrf_token" not in forms:
            forms["csrf_token"] = secrets.token_hex(20)
        token = known.csrf_token = signature_for(current_app.config["SECRET_KEY"])(forms["csrf_token"])
    return token


def hidden_csrf() -> Markup:
    """The field that carries the token in every form."""
    return Markup(f'<input type="hidden" name="csrf_token" value="{csrf_token()}">')  # noqa: S704 - base64url and dots


class KeptSigner(TimestampSigner):
    """A signer of one key, which it derives once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._derived = super().derive_key()

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        return self._derived


@lru_cache(maxsize=2)
def signature_for(secret: str | bytes) -> Callable[[str], str]:
    """Signs the tokens of forms as Flask-WTF reads them."""
    serializer = URLSafeTimedSerializer(secret, salt="wtf-csrf-token", signer=KeptSigner)
    signer, payload = serializer.make_signer(), lru_cache(MOST_PAYLOADS)(serializer.dump_payload)
    return lambda token: signer.sign(payload(token)).decode()


def form_id() -> str:
    """What the form of this request is known by: the same for two clicks on it, and for no other form.

    Empty without a form. Call after the token has been checked.
    """
    if request.method != "POST":
        return ""
    token = request.form.get("csrf_token", "")
    key = hashlib.blake2b(current_app.config["SECRET_KEY"].encode(), person=b"form id").digest()
    # With the path, because two forms of one browser that were opened within one second carry the same token.
    form = f"{request.path} {token}".encode("utf-8", "replace")
    return hashlib.blake2b(form, key=key, digest_size=16).hexdigest() if token else ""


def demand_token(request: Request) -> None:
    """403 for an unsafe request to a page without the `csrf_token` of this browser's forms."""
    # Where no view exists the answer is 404 or 405 anyway.
    if not request.endpoint:
        return
    # A form fits one of the cookies of this browser, because tabs that started together have one each.
    proxy: Any = session
    forms: FormSession = proxy._get_current_object()
    *others, last = forms.candidates
    for forms.chosen in others:
        with suppress(CSRFError):
            csrf.protect()
            return
    forms.chosen = last
    try:
        csrf.protect()
    except CSRFError:
        forms.chosen = None
        raise
