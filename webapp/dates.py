"""Moments in the reader's language: for pages and for mails.

Plain: Babel reads the pattern and the locale again for each moment.
Cost:  20 µs a moment; a list of ten sessions has sixty.
Here:  the texts for moments of one minute, and for ages that read alike, are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil

from babel.dates import TIMEDELTA_UNITS, format_date, format_datetime, format_timedelta
from flask import g
from flask_babel import get_locale
from markupsafe import Markup

KEPT = 1024

DATE_PATTERN = {"en": "MMM d, y, HH:mm", "ko": "y. M. d. aaaa\u00a0h:mm"}
"""Korean has its own pattern, because the stock one prints "PM 12:00"."""

DAY_PATTERN = {"en": "EEEE, MMM d, y", "ko": "y. M. d. EEEE"}

DATE_ALONE = {"en": "MMM d, y", "ko": "y. M. d."}

FROM = 0.85
"""Share of a unit from which an age is told in it, as Babel does: 51 minutes are an hour."""
_UNITS = sorted((ceil(FROM * seconds), seconds) for _name, seconds in TIMEDELTA_UNITS)
"""The shortest age (seconds) that is told in a unit, and the unit's length."""
_FROM = [start for start, _length in _UNITS]


def language() -> str:
    """The current language's code."""
    try:
        locale = g._get_current_object()._flask_babel.babel_locale
    except (RuntimeError, AttributeError):
        locale = get_locale()
    return str(locale.language) if locale is not None else "en"


def moment(seconds: int) -> datetime:
    """Unix seconds as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def datetime_text(when: int | datetime) -> str:
    """A moment (Unix seconds or an aware datetime) in the reader's language, UTC."""
    seconds = when if isinstance(when, int) else when.timestamp()
    return _minute_text(int(seconds // 60), language())


@lru_cache(KEPT)
def _minute_text(minute: int, code: str) -> str:
    pattern = DATE_PATTERN.get(code, DATE_PATTERN["en"])
    return f"{format_datetime(moment(minute * 60), pattern, locale=code)}\u00a0UTC"


@lru_cache(KEPT)
def iso_text(seconds: int) -> str:
    """A moment (Unix seconds) as ISO 8601 writes it, UTC."""
    return moment(seconds).isoformat()


@lru_cache(KEPT)
def clock_text(seconds: int) -> str:
    """The time of day of a moment (Unix seconds), UTC, to the second."""
    return moment(seconds).strftime("%H:%M:%S")


def day_text(seconds: int) -> str:
    """The day of a moment (Unix seconds) in the reader's language, UTC."""
    return _day_text(seconds // 86400, language())


@lru_cache(KEPT)
def _day_text(day: int, code: str) -> str:
    return str(format_date(moment(day * 86400), DAY_PATTERN.get(code, DAY_PATTERN["en"]), locale=code))


def date_text(seconds: int) -> str:
    """The date of a moment (Unix seconds) in the reader's language, short, UTC."""
    code = language()
    return str(format_date(moment(seconds), DATE_ALONE.get(code, DATE_ALONE["en"]), locale=code))


def hour_text(seconds: int) -> str:
    """The time of day of a moment (Unix seconds), UTC, to the minute."""
    return moment(seconds).strftime("%H:%M")


def ago_text(seconds: int, now: int) -> str:
    """A moment as seen from `now`, both Unix seconds: "3 minutes ago", "in 2 weeks"."""
    return _ago_text(_read_alike(seconds - now), language())


def ago_element(seconds: int, now: int) -> Markup:
    """The same as a `<time>` element, whose title says when exactly."""
    return _ago_element(seconds, _read_alike(seconds - now), language())


@lru_cache(KEPT)
def _ago_element(seconds: int, ahead: int, code: str) -> Markup:
    said = f'data-form="words" title="{_minute_text(seconds // 60, code)}">{_ago_text(ahead, code)}'
    return Markup(f'<time datetime="{iso_text(seconds)}" {said}</time>')  # noqa: S704 - Babel's words alone


def _read_alike(ahead: int) -> int:
    """The shortest age (seconds, negative for the past) that reads the same as this one."""
    age = abs(ahead) or 1
    start, unit = _UNITS[bisect_right(_FROM, age) - 1]
    least = max(start, int((round(age / unit) - 0.5) * unit) + 1)  # halves are rounded to the even number
    return least if ahead > 0 else -least


@lru_cache(KEPT)
def _ago_text(ahead: int, code: str) -> str:
    return str(format_timedelta(timedelta(seconds=ahead), add_direction=True, locale=code))
