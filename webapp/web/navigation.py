"""The links in the header, the tabs of the account pages, and what every page may offer."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from flask import Flask

from webapp.core.decision import FOUR_CASES, case_of
from webapp.core.redirects import is_below
from webapp.services import services_of
from webapp.web.person import current_auth
from webapp.web.requests import root, this_request
from webapp.web.templates import offer
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
    app.jinja_env.globals |= {"life_words": life, "four_cases": FOUR_CASES}
    links = Links(app)
    offer(
        app,
        nav_items=partial(menu, app),
        tabs=partial(tabs, app),
        chip=partial(chip, app),
        links=lambda: links,
        signup_open=lambda: services_of(app).settings.signup_open,
        guest_entry=lambda: _link(app, "guest.enter"),
    )


def menu(app: Flask) -> list[tuple[str, Any, str | None]]:
    """The links of the header: address, words, and what `aria-current` says of it. Empty for strangers."""
    auth = current_auth()
    if auth is None or auth.person is None:
        return []
    role = auth.person.role
    items = [
        (app.url_for(endpoint), words)
        for endpoint, words, need in (*SIGNED_IN, *app.extensions.get(_EXTENSION, ()))
        if endpoint in app.view_functions and need in (None, role)
    ]
    here = _current([url for url, _words in items])
    return [(url, words, here.get(url)) for url, words in items]


def tabs(app: Flask) -> list[tuple[str, Any, bool]]:
    """The tabs of the account pages: address, words, and whether it is this page. Empty elsewhere."""
    auth = current_auth()
    if auth is None or auth.person is None or not this_request().path.startswith("/account"):
        return []
    left_out = NOT_FOR_GUESTS if auth.person.is_guest else frozenset()
    urls = [
        (app.url_for(endpoint), words)
        for endpoint, words in ACCOUNT_TABS
        if endpoint in app.view_functions and endpoint not in left_out
    ]
    here = _here()
    return [(url, words, here == url) for url, words in urls]


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


def _current(urls: list[str]) -> dict[str, str]:
    """The link that leads here, or to what is above this page; and what `aria-current` says of it."""
    here = _here()
    nearest = max((url for url in urls if is_below(here, url)), key=len, default=None)
    return {nearest: "page" if nearest == here else "true"} if nearest else {}


def _here() -> str:
    request = this_request()
    return root(request) + request.path


def _link(app: Flask, endpoint: str) -> str | None:
    return app.url_for(endpoint) if endpoint in app.view_functions else None
