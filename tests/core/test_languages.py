"""The language a page is in is the first one asked for that we have (RFC 4647 lookup, R31)."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from tests.support.browser import Browser
from webapp.core.languages import look_up

HEADERS = {
    "ko-KR,en-US;q=0.9,en;q=0.8": "ko",
    "ko-KR,en;q=0.5": "ko",
    "ko-Kore-KR,en;q=0.5": "ko",
    "en-GB,ko;q=0.5": "en",
    "ko": "ko",
    "KO-kr": "ko",
    "ko_KR,en": "ko",  # some applications write it so
    "en-US,en;q=0.9,ko;q=0.8": "en",
    "fr-FR,fr;q=0.9,ko-KR;q=0.8,en;q=0.7": "ko",
    "fr, de": "en",
    "ja-JP": "en",
    "": "en",
    "*": "en",
    "fr, *;q=0.5, ko;q=0.4": "en",
    "en;q=0, *": "ko",
    "en;q=0, en-US;q=0, fr": "en",  # nothing that is wanted is there
    "ko;q=0, ko-KR": "en",
    "en;q=0.4, ko-KR;q=0.6": "ko",
    "en;q=0.5, ko;q=0.5": "en",
    "kok, kor-KR, en;q=0.1": "en",  # other languages whose codes begin alike
    "ko-x-lvariant-hangul": "ko",
    "i-default, ko;q=0.3": "ko",
    "zh-Hant-TW, ko-KP;q=0.9": "ko",
    "en-": "en",
    "-": "en",
}


@pytest.mark.parametrize(("header", "language"), HEADERS.items())
def test_the_first_wish_that_can_be_fulfilled(header: str, language: str) -> None:
    """Region first, script in the middle, refusals, wildcards, other spellings."""
    wanted = parse_accept_header(header, LanguageAccept)
    assert look_up(wanted, ("en", "ko"), "en") == language


@pytest.mark.parametrize("header", ["ko-KR,en-US;q=0.9,en;q=0.8", "en-GB,ko;q=0.5"])
def test_the_page_is_in_it(app: Flask, header: str) -> None:
    """A choice of the user's own wins, at the front door too."""
    visitor = Browser.of_app(app)
    visitor.http.headers["Accept-Language"] = header
    other = "en" if header.startswith("ko") else "ko"
    assert f'<html lang="{header[:2]}"' in visitor.get("/login").text
    visitor.submit("/login", "/preferences", language=other)
    assert f'<html lang="{other}"' in visitor.get("/login").text


def test_a_long_header_costs_little(app: Flask) -> None:
    """Thousands of wishes, each with many subtags, are answered at once."""
    visitor = Browser.of_app(app)
    visitor.http.headers["Accept-Language"] = ",".join(["a-" * 40 + "z"] * 150) + ",ko;q=0.1"
    assert visitor.get("/login").status_code == 200
