"""The ways in which this application is not a plain Flask. Each says the plain way, its cost, and what is done here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache, partial
from itertools import chain
from typing import Any

from flask import Blueprint, Flask, Request, g, has_request_context, request
from flask_login import LoginManager
from werkzeug.exceptions import BadHost
from werkzeug.routing import MapAdapter, UnicodeConverter, ValidationError

from webapp.core.text import is_storable
from webapp.web.csrf import csrf, csrf_token, hidden_csrf
from webapp.web.form_cookie import FormSessionInterface
from webapp.web.marks import is_steady, tokenless
from webapp.web.person import current_auth
from webapp.web.requests import this_request
from webapp.web.short_ways import OurRequest, OurResponse, bind, bind_without_host
from webapp.web.templates import Templates, offer

ADDRESSES = 2048
"""Addresses that are kept ready."""


class Application(Flask):
    """Flask with the parts below.

    Plain: Flask asks of each hook and view, on every request, whether it is a coroutine function.
    Cost:  four times 1 to 2 µs a page.
    Here:  the answer is remembered.
    """

    jinja_environment = Templates
    request_class = OurRequest
    response_class = OurResponse

    def __init__(self, *args: Any, **options: Any) -> None:
        self._callable: dict[Callable[..., Any], Callable[..., Any]] = {}
        super().__init__(*args, **options)
        self.url_map.converters["default"] = Storable
        self.session_interface = FormSessionInterface()
        self._kept = lru_cache(ADDRESSES)(self._address)
        register_login(self)
        register_csrf(self)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        known = self._callable.get(func)
        if known is None:
            known = self._callable[func] = super().ensure_sync(func)
        return known

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Flask's, for usual requests by a shorter way (web/short_ways.py)."""
        if request is None:
            return super().create_url_adapter(request)
        try:
            return bind(self, request) or super().create_url_adapter(request)
        except BadHost:
            return bind_without_host(self, request)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *rest: Any, **more: Any
    ) -> None:
        """Add a route. A blueprint's static files are for strangers too, like our own.

        Plain: every view is closed unless it is marked.
        Cost:  a stranger's page has no style sheet, and the view is Flask's own, so nobody could mark it.
        Here:  Flask's own view of a blueprint's static folder is marked; a view of another package is not.
        """
        if getattr(view_func, "__func__", None) is Blueprint.send_static_file:
            view_func = tokenless(partial(view_func))
        super().add_url_rule(rule, endpoint, view_func, **more)

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """Flask's, for pages and static files without being worked out anew.

        Plain: each address is put together whenever a template says it.
        Cost:  9 µs an address; a page has twenty.
        Here:  those with few and short values are kept; not where they change (`keeps_addresses`).
        """
        keep = endpoint[:1] != "." and has_request_context() and self.keeps_addresses()
        if not keep or (values and not all(map(_is_short, values.items()))):
            return super().url_for(endpoint, **values)
        return self._kept(this_request().environ.get("SCRIPT_NAME"), endpoint, **values)

    def keeps_addresses(self) -> bool:
        """Does an address stay the same? Not while files are being edited, nor where a product's `url_defaults` may add
        what they know of the request. Call during a request."""
        return self._defaults_stay and not self.config["DEBUG"]

    @cached_property
    def _defaults_stay(self) -> bool:
        return all(map(is_steady, chain.from_iterable(self.url_default_functions.values())))

    def _address(self, _root: str | None, endpoint: str, /, **values: Any) -> str:
        return super().url_for(endpoint, **values)


def _is_short(value: tuple[str, Any]) -> bool:
    """Is this a value that many addresses have, and no word to Flask about the address?"""
    name, text = value
    return name[0] != "_" and (type(text) is int or (type(text) is str and len(text) <= 64))


class Storable(UnicodeConverter):
    """URL converter. A value that cannot be stored (NUL, lone surrogate) is a 404; PostgreSQL would raise an error.

    Plain: a view looks it up in the database.
    Cost:  an error, and a 500, for a stranger's nonsense.
    Here:  no route matches.
    """

    def to_python(self, value: str) -> str:
        if not is_storable(value):
            raise ValidationError
        return value


# -- the signed-in user ------------------------------------------------------------------------------------------------


def register_login(app: Flask) -> None:
    """Give views and templates their `current_user`.

    Plain: `LoginManager.init_app`.
    Cost:  its remember-cookie hook opens Flask's session on every response; there is no such cookie here.
    Here:  the manager alone, which knows the user from `g.auth`.
    """
    manager = RequestLoginManager()
    manager.request_loader(lambda _request: auth.person if (auth := current_auth()) else None)
    app.login_manager = manager  # type: ignore[attr-defined]
    offer(app, current_user=manager.load)


class RequestLoginManager(LoginManager):  # type: ignore[misc]
    """flask-login with the request as its only source.

    Plain: flask-login asks Flask's session first.
    Cost:  20 µs a page, and a session would win over the token cookies.
    Here:  the request loader alone.
    """

    def load(self) -> Any:
        known = g._get_current_object()
        if "_login_user" not in known:
            self._load_user()
        return known._login_user

    def _load_user(self) -> None:
        self._update_request_context_with_user(self._request_callback(request))


# -- forms -------------------------------------------------------------------------------------------------------------


def register_csrf(app: Flask) -> None:
    """Let templates write `csrf_token()` and `hidden_csrf()`; `web/csrf.py` calls the check itself.

    Plain: `CSRFProtect.init_app`.
    Cost:  a hook on every request and a look-up in every template.
    Here:  the two things that are used.
    """
    app.extensions["csrf"] = csrf
    app.jinja_env.globals |= {"csrf_token": csrf_token, "hidden_csrf": hidden_csrf}
