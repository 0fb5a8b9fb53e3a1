"""Every `<time>` says its moment in a form that programs read (HTML, 4.5.14)."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.commands import run_command
from tests.support.forge import make


class Times(HTMLParser):
    """Collects the `datetime` attribute of each `<time>`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "time":
            self.found.append(dict(attrs).get("datetime"))
