"""The links in the header, the tabs of the account pages, and what every page may offer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from flask import Flask
from markupsafe import escape

from webapp.core.decision import FOUR_CASES, case_of
from webapp.core.redirects import is_below
from webapp.dates import language
from webapp.services import services_of
from webapp.web.person import current_auth
from webapp.web.requests import root, this_request
from webapp.web.templates import know, offer
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.lifetimes import life

SIGNED_IN = (
    ("learn.show", _l("Learn"), None),
    ("lab.show", _l("Lab"), None),
    ("inspector.show", _l("Inspector"), None),
    ("api_docs.show", _l("API"), None),
    ("accounts.account", _l("Account"), None),
    ("admin.people", _l("Users"), "admin"),
)
"""(endpoint, words, role needed). An endpoint that this deployment does not have is left out."""

_EXTENSION = "tokenroom menu"


def add_entry(app: Flask, endpoint: str, words: Any, role: str | None = None) -> None:
    """Put a page of your own into the menu, behind ours. `words` may be lazy; `role`: who sees it, None for all."""
    app.extensions.setdefault(_EXTENSION, []).append((endpoint, words, role))


ACCOUNT_TABS = (
    ("accounts.account", _l("Profile")),
    ("passwords.change", _l("Password")),
    ("factors.show", _l("Two-step login")),
    ("email.show", _l("Email address")),
    ("sessions.show", _l("Sessions")),
    ("sessions.activity", _l("Activity")),
    ("leaving.show", _l("Your data")),
)
"""The pages under `/account`, in the order of their tabs. One that this deployment does not have is left out."""
NOT_FOR_GUESTS = frozenset({"passwords.change", "email.show"})
"""Those about the password and the mailbox, which a guest of the lab does not have."""


MOST_KEPT = 256
"""Pages whose menus a worker keeps."""


class Chip(NamedTuple):
    """This request's tokens, for the header of every page while the lab is on."""

    number: int
    """Of its case."""
    access: int | None
    """Seconds that were left of the access token when the request came; None where it was over or absent."""
    refresh: int | None


class Links:
    """Addresses of what may be missing from a deployment, by blueprint: `links.lab`. None where it is."""

    def __init__(self, app: Flask) -> None:
        self.__app = app

    def __getattr__(self, name: str) -> str | None:
        return _link(self.__app, f"{name}.show")


def register(app: Flask) -> None:
    menus = Menus(app)
    app.jinja_env.globals["life_words"] = life
    know(app, four_cases=FOUR_CASES)
    links = Links(app)
    offer(
        app,
        nav_items=partial(menu, menus),
        tabs=partial(tabs, menus),
        chip=partial(chip, app),
        links=lambda: links,
        signup_open=lambda: services_of(app).settings.signup_open,
        guest_entry=lambda: _link(app, "guest.enter"),
    )


Item = tuple[str, Any, str | None]
"""Address, words, and what `aria-current` says of it."""


def menu(menus: Menus) -> tuple[Item, ...]:
    """The links of the header. Empty for strangers."""
    auth = current_auth()
    if auth is None or auth.person is None:
        return ()
    return menus.menu(root(this_request()), _here(), language(), auth.person.role)


def tabs(menus: Menus) -> tuple[Item, ...]:
    """The tabs of the account pages. Empty elsewhere."""
    auth = current_auth()
    if auth is None or auth.person is None or not this_request().path.startswith("/account"):
        return ()
    return menus.tabs(root(this_request()), _here(), language(), auth.person.is_guest)


class Menus:
    """The links that were put together.

    Plain: each page puts them together.
    Cost:  60 µs a page of the account, for 13 addresses and words that are the same each time.
    Here:  kept by address, language and reader's kind.
    """

    def __init__(self, app: Flask) -> None:
        self._app: Any = app
        self._kept_menu = lru_cache(MOST_KEPT)(self._menu)
        self._kept_tabs = lru_cache(MOST_KEPT)(self._tabs)

    def menu(self, *reader: Any) -> tuple[Item, ...]:
        """The links of the header, for what `_menu` takes."""
        return self._kept_menu(*reader) if self._app.keeps_addresses() else self._menu(*reader)

    def tabs(self, *reader: Any) -> tuple[Item, ...]:
        """The tabs of the account pages, for what `_tabs` takes."""
        return self._kept_tabs(*reader) if self._app.keeps_addresses() else self._tabs(*reader)

    def _menu(self, _root: str, here: str, _language: str, role: str) -> tuple[Item, ...]:
        ours = ((endpoint, escape(words), need) for endpoint, words, need in SIGNED_IN)
        # A product's words stay lazy, because they may say something of the reader.
        entries = (*ours, *self._app.extensions.get(_EXTENSION, ()))
        items = self._there((endpoint, words) for endpoint, words, need in entries if need in (None, role))
        nearest = max((url for url, _words in items if is_below(here, url)), key=len, default=None)
        said = "page" if nearest == here else "true"
        return tuple((url, words, said if url == nearest else None) for url, words in items)

    def _tabs(self, _root: str, here: str, _language: str, is_guest: bool) -> tuple[Item, ...]:
        left_out = NOT_FOR_GUESTS if is_guest else frozenset()
        items = self._there((endpoint, escape(words)) for endpoint, words in ACCOUNT_TABS if endpoint not in left_out)
        return tuple((url, words, "page" if url == here else None) for url, words in items)

    def _there(self, entries: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Address and words of those that this deployment has, in the language and below the root of this request."""
        there = self._app.view_functions
        return [(self._app.url_for(endpoint), words) for endpoint, words in entries if endpoint in there]


def chip(app: Flask) -> Chip | None:
    """The case of this request, for those who are logged in, while the lab is on."""
    auth = current_auth()
    if auth is None or auth.person is None or not services_of(app).settings.lab:
        return None
    access, refresh = auth.judgement.access, auth.judgement.refresh
    case = case_of(access.state, refresh.state)
    left = [
        max(verdict.claims.exp - auth.judged_at, 0) or None if verdict.claims is not None else None
        for verdict in (access, refresh)
    ]
    return Chip(case.number, *left) if case else None


def _here() -> str:
    request = this_request()
    return root(request) + request.path


def _link(app: Flask, endpoint: str) -> str | None:
    return app.url_for(endpoint) if endpoint in app.view_functions else None
