"""English and Korean: which one, and how it writes dates."""

from __future__ import annotations

from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

from babel import Locale
from flask import Flask, current_app, g
from flask_babel import Babel, Domain
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from webapp.core.languages import look_up
from webapp.core.text import first_letter
from webapp.dates import ago_element, ago_text, clock_text, datetime_text, day_text, hour_text, iso_text, language
from webapp.flows.save_profile import LANGUAGES, THEMES
from webapp.services import services_of
from webapp.web.person import current_auth
from webapp.web.requests import here, home, root, this_request
from webapp.web.templates import offer
from webapp.web.texts import READER, Texts, shown_gettext, shown_ngettext

LANGUAGE_COOKIE, THEME_COOKIE = "tokenroom_language", "tokenroom_theme"
"""Named after us, because cookies know no ports, and a neighbour on this host may well have a `theme` of its own."""


LOCALES = {language: Locale.parse(language) for language in LANGUAGES}


def register(app: Flask) -> None:
    babel = Babel(
        app, locale_selector=lambda: LOCALES[select_language()], default_translation_directories="translations"
    )
    catalogues = babel.domain_instance = OneCatalogue(domain=app.extensions["babel"].default_domain)
    app.add_template_filter(datetime_text, "datetime")
    app.add_template_filter(day_text, "day")
    app.add_template_filter(hour_text, "hour")
    app.add_template_filter(clock_text, "clock")
    application = services_of(app)
    app.add_template_filter(lambda seconds: ago_text(seconds, application.clock()), "ago")
    app.jinja_env.globals["ago"] = lambda seconds: ago_element(seconds, application.clock())
    app.add_template_filter(first_letter)
    app.add_template_filter(iso_text, "isoformat")
    app.jinja_env.globals |= {"_": shown_gettext, "gettext": shown_gettext, "ngettext": shown_ngettext}
    app.extensions[READER] = reader = partial(readers_language, catalogues)
    offer(app, locale=reader, theme=theme, here=here_again)


class OneCatalogue(Domain):  # type: ignore[misc]
    """Where Flask-Babel finds its texts.

    Plain: each text asks anew for the reader's language and its catalogue.
    Cost:  6 µs a text.
    Here:  asked once a request, and kept where `force_locale` and `refresh` forget it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.found: dict[str, Any] = {}
        """By language, those that were asked for."""

    def get_translations(self) -> Any:
        known = g._flask_babel
        found = getattr(known, "babel_translations", None)
        if found is None:
            chosen = language()
            found = known.babel_translations = self.found.get(chosen) or self._look_up(chosen)
        return found

    def _look_up(self, chosen: str) -> Any:
        found = self.found[chosen] = super().get_translations()
        found.texts = Texts(found)
        return found


def readers_language(catalogues: OneCatalogue) -> str:
    """The language of this request's reader.

    Plain: `get_locale`.
    Cost:  15 µs in the template page that asks for nothing else of Flask-Babel.
    Here:  chosen as it chooses, and kept where it keeps it.
    """
    known = g._get_current_object()
    if "_flask_babel" not in known:
        chosen = select_language()
        known._flask_babel = SimpleNamespace(
            babel_locale=LOCALES[chosen], babel_translations=catalogues.found.get(chosen)
        )
    return language()


def select_language() -> str:
    """The person's own choice, else this browser's choice, else what the browser prefers."""
    auth = current_auth()
    if auth is not None and auth.person is not None and auth.person.language in LANGUAGES:
        return str(auth.person.language)
    chosen = _cookie(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else _preferred(this_request().headers.get("Accept-Language", ""))


@lru_cache(maxsize=256)
def _preferred(header: str) -> str:
    return look_up(parse_accept_header(header, LanguageAccept), LANGUAGES, "en")


def _cookie(name: str) -> str | None:
    # Looked for first, because taking all cookies apart costs 15 µs, and few browsers have this one.
    request = this_request()
    return request.cookies.get(name) if name in request.environ.get("HTTP_COOKIE", "") else None


def theme() -> str:
    """auto, light or dark: the person's choice, else this browser's."""
    auth = current_auth()
    chosen = auth.person.theme if auth is not None and auth.person is not None else _cookie(THEME_COOKIE)
    return chosen if chosen in THEMES else "auto"


def here_again() -> str:
    """This page's address, for forms that come back to it. After a POST: the nearest address that can be read."""
    request = this_request()
    address = here(request)
    if request.method == "GET":
        return address
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    prefix = root(request)
    parts = unquote(address.partition("?")[0]).removeprefix(prefix).split("/")
    above = ("/".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((f"{prefix}{quote(path)}" for path in above if adapter.test(path, method="GET")), home())
