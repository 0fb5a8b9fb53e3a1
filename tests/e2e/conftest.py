"""A real browser (Debian's Chromium) against real gunicorn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.support.chromium import CHROMIUM, FLAGS, Console, OpenPage, await_focus, findings, scrolls_sideways, sign_up  # noqa: F401 (imported from here)
from tests.support.databases import need
from tests.support.server import PRELOAD, Server


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
