"""Moments and ages in words. Kept texts read as Babel writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from babel.dates import TIMEDELTA_UNITS, format_date, format_datetime, format_timedelta
from flask import Flask
from flask_babel import force_locale

from webapp.dates import DATE_PATTERN, DAY_PATTERN, ago_text, datetime_text, day_text, moment

NOW = 1_900_000_000


def ages() -> set[int]:
    """Seconds around each place where the words change."""
    found = set(range(200))
    for _unit, length in TIMEDELTA_UNITS:
        for share in [0.85, *(half / 2 for half in range(1, 30))]:
            found |= {int(share * length) + more for more in (-1, 0, 1)}
    return found


@pytest.mark.parametrize("language", ["en", "ko"])
def test_ages_read_as_babel_tells_them(app: Flask, language: str) -> None:
    """To both sides of each place where an age changes its words, ahead and behind."""
    with app.test_request_context(), force_locale(language):
        for age in ages():
            for seconds in (age, -age):
                told = format_timedelta(timedelta(seconds=seconds or -1), add_direction=True, locale=language)
                assert ago_text(NOW + seconds, NOW) == told, seconds


@pytest.mark.parametrize("language", ["en", "ko"])
def test_moments_are_written_to_the_minute_and_days_to_the_day(app: Flask, language: str) -> None:
    """In the first and last second of a minute, and of a day; before 1970 as well."""
    with app.test_request_context(), force_locale(language):
        for seconds in (0, -1, 59, 60, 86_399, 86_400, NOW, NOW + 3_601):
            written = format_datetime(moment(seconds), DATE_PATTERN[language], locale=language)
            assert datetime_text(seconds) == datetime_text(moment(seconds)) == f"{written}\u00a0UTC"
            assert day_text(seconds) == format_date(moment(seconds), DAY_PATTERN[language], locale=language)
