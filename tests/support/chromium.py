"""A real browser (Debian's Chromium): how it is started, and what tests ask of its pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.browser import PASSWORD

CHROMIUM = os.environ.get("WEBAPP_TEST_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenPage = Callable[..., Page]
"""The fixture `open_page` of `tests/e2e/conftest.py`."""


@dataclass
class Console:
    """What the browser complained about, by page. The content policy speaks here too."""

    messages: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.messages.append(f"error: {error}"))


def findings(page: Page) -> list[str]:
    """What axe finds on the page, one line a rule. Empty is what we want."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']} {[n['html'][:120] for n in v['nodes']]}" for v in violations]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def await_focus(page: Page) -> None:
    """Wait until the browser has focused the form's first field. Chromium reports typing that comes earlier."""
    page.wait_for_selector("[autofocus]:focus")


def await_notice(page: Page, words: str) -> None:
    """Wait until the page says so. Its address says it only until the script that takes `notice` away has run."""
    page.wait_for_selector(f"main .notice:has-text('{words}')")


def sign_up(page: Page, username: str, password: str = PASSWORD) -> None:
    """Sign up through the form."""
    page.goto("/signup")
    await_focus(page)
    page.fill("[name=username]", username)
    page.fill("[name=email]", f"{username}@example.com")
    page.fill("[name=password]", password)
    page.click("main form button")
    page.wait_for_url("**/")
