"""English and Korean: which one, and how it writes dates."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_datetime
from flask import Flask, g, request
from flask_babel import Babel, get_locale

from webapp.core.text import first_letter
from webapp.flows.save_profile import LANGUAGES, THEMES

DATE_PATTERN = {"en": "MMM d, y, HH:mm", "ko": "y. M. d. aaaa\u00a0h:mm"}
"""Korean has its own pattern: the stock one prints "PM 12:00"."""

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


def language() -> str:
    """The current language's code."""
    return str(get_locale())


def theme() -> str:
    """auto, light or dark: the person's choice, else this browser's."""
    auth = g.get("auth")
    chosen = auth.person.theme if auth is not None and auth.person is not None else request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else "auto"


def here() -> str:
    """This page's address, for forms that come back to it; the home page where there is nothing to come back to."""
    return request.full_path.removesuffix("?") if request.method == "GET" else request.path


def moment(seconds: int) -> datetime:
    """Unix seconds as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def datetime_text(when: int | datetime) -> str:
    """A moment (Unix seconds or an aware datetime) in the reader's language, UTC."""
    when = moment(when) if isinstance(when, int) else when
    code = language()
    return f"{format_datetime(when, DATE_PATTERN.get(code, DATE_PATTERN['en']), locale=code)}\u00a0UTC"


def clock_text(seconds: int) -> str:
    """The time of day of a moment (Unix seconds), UTC, to the second."""
    return moment(seconds).strftime("%H:%M:%S")
