"""A real browser (Debian's Chromium) against real gunicorn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.support.chromium import CHROMIUM, FLAGS, Console, OpenPage, Profiles, sign_up
from tests.support.databases import need
from tests.support.server import CHEAP_HASHING, Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application under gunicorn with 2 workers, on SQLite."""
    with Server(tmp_path_factory.mktemp("site"), workers=2, settings=CHEAP_HASHING) as server:
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


@pytest.fixture(scope="session")
def profiles(chromium: Chromium, site: Server) -> Profiles:
    return Profiles(chromium, site.url)


@pytest.fixture
def open_page(profiles: Profiles, console: Console) -> Iterator[OpenPage]:
    """`open_page(path=None, user=None, dark=False, width=1280, js=True, locale="en-US", apart=False, context=None)`: a
    page of an emptied browser profile (or of the given context) at `path`, where `user` names an account that is made
    for it. `apart` is for tests that leave more than cookies behind: a page's clock, its scripts, its routes. The
    console must have stayed silent when the test ends."""

    def open_at(
        path: str | None = None,
        *,
        user: str | None = None,
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        js: bool = True,
        locale: str = "en-US",
        apart: bool = False,
        context: BrowserContext | None = None,
    ) -> Page:
        page = context.new_page() if context else profiles.take(js, locale, apart=apart)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(
            color_scheme="dark" if dark else "light", reduced_motion="no-preference", forced_colors="none"
        )
        console.watch(page)
        if user:
            sign_up(page, user)
        if path is not None:
            page.goto(path)
        return page

    yield open_at
    console.leave()
    profiles.give_back()
    # 4xx answers are reported by Chromium as errors of the page that asked for them; they are what tests provoke.
    unexpected = [m for m in console.messages if "Failed to load resource" not in m]
    assert unexpected == []
