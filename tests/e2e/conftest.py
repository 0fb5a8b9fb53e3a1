"""A real browser (Debian's Chromium) against real gunicorn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.support.databases import need
from tests.support.server import PRELOAD, Server

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application under gunicorn with 2 workers, on SQLite."""
    with Server(tmp_path_factory.mktemp("site"), workers=2, arguments=PRELOAD) as server:
        yield server


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Chromium]]:
    """`launch(**environment)`: a Chromium of its own with these environment variables."""
    need("Chromium", there=os.path.exists(CHROMIUM))
    with sync_playwright() as playwright:
        yield lambda **more: playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, env={**os.environ, **more}
        )


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Chromium]) -> Iterator[Chromium]:
    browser = launch()
    yield browser
    browser.close()


@dataclass
class Console:
    """What the browser complained about, by page. The content policy speaks here too."""

    messages: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.messages.append(f"error: {error}"))


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def open_page(site: Server, chromium: Chromium, console: Console) -> Iterator[OpenPage]:
    """`open_page(path, dark=False, width=1280, js=True, locale="en-US", context=None)`: a page of a new browser
    profile (or of the given context) at `path`. The console must have stayed silent when the test ends."""
    contexts: list[BrowserContext] = []

    def open_at(
        path: str,
        *,
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        js: bool = True,
        locale: str = "en-US",
        context: BrowserContext | None = None,
    ) -> Page:
        if context is None:
            context = chromium.new_context(
                base_url=site.url,
                color_scheme="dark" if dark else "light",
                viewport={"width": width, "height": height},
                java_script_enabled=js,
                locale=locale,
            )
            context.set_default_timeout(10_000)
            contexts.append(context)
        page = context.new_page()
        console.watch(page)
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()
    # 4xx answers are reported by Chromium as errors of the page that asked for them; they are what tests provoke.
    unexpected = [m for m in console.messages if "Failed to load resource" not in m]
    assert unexpected == []


def findings(page: Page) -> list[str]:
    """What axe finds on the page, one line a rule. Empty is what we want."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']} {[n['html'][:120] for n in v['nodes']]}" for v in violations]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def await_focus(page: Page) -> None:
    """Wait until the browser has focused the form's first field. Whoever types before that is reported by Chromium."""
    page.wait_for_selector("[autofocus]:focus")


def sign_up(page: Page, username: str, password: str = "a perfectly fine sentence") -> None:
    """Through the form, as a person does."""
    page.goto("/signup")
    await_focus(page)
    page.fill("[name=username]", username)
    page.fill("[name=email]", f"{username}@example.com")
    page.fill("[name=password]", password)
    page.click("main form button")
    page.wait_for_url("**/")
