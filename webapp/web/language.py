"""English and Korean: which one, and how it writes dates."""

from __future__ import annotations

from flask import Flask, g, request
from flask_babel import Babel

from webapp.core.text import first_letter
from webapp.dates import datetime_text, language, moment
from webapp.flows.save_profile import LANGUAGES, THEMES

LANGUAGE_COOKIE, THEME_COOKIE = "language", "theme"


def register(app: Flask) -> None:
    Babel(app, locale_selector=select_language, default_translation_directories="translations")
    app.add_template_filter(datetime_text, "datetime")
    app.add_template_filter(first_letter)
    app.add_template_filter(lambda seconds: moment(seconds).isoformat(), "isoformat")
    app.context_processor(lambda: {"locale": language(), "theme": theme(), "here": here()})


def select_language() -> str:
    """The person's own choice, else this browser's choice, else what the browser prefers."""
    auth = g.get("auth")
    if auth is not None and auth.person is not None and auth.person.language in LANGUAGES:
        return str(auth.person.language)
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")


def theme() -> str:
    """auto, light or dark: the person's choice, else this browser's."""
    auth = g.get("auth")
    chosen = auth.person.theme if auth is not None and auth.person is not None else request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else "auto"


def here() -> str:
    """This page's address, for forms that come back to it; the home page where there is nothing to come back to."""
    return request.full_path.removesuffix("?") if request.method == "GET" else request.path
