"""Moments in the reader's language: for pages and for mails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from babel.dates import format_date, format_datetime
from flask_babel import format_timedelta, get_locale

DATE_PATTERN = {"en": "MMM d, y, HH:mm", "ko": "y. M. d. aaaa\u00a0h:mm"}
"""Korean has its own pattern: the stock one prints "PM 12:00"."""

DAY_PATTERN = {"en": "EEEE, MMM d, y", "ko": "y. M. d. EEEE"}


def language() -> str:
    """The current language's code."""
    locale = get_locale()
    return str(locale.language) if locale is not None else "en"


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


def day_text(seconds: int) -> str:
    """The day of a moment (Unix seconds) in the reader's language, UTC."""
    code = language()
    return str(format_date(moment(seconds), DAY_PATTERN.get(code, DAY_PATTERN["en"]), locale=code))


def hour_text(seconds: int) -> str:
    """The time of day of a moment (Unix seconds), UTC, to the minute."""
    return moment(seconds).strftime("%H:%M")


def ago_text(seconds: int, now: int) -> str:
    """A moment as seen from `now`, both Unix seconds: "3 minutes ago", "in 2 weeks"."""
    return str(format_timedelta(timedelta(seconds=seconds - now or -1), add_direction=True))
