"""A real browser (Debian's Chromium): how it is started, and what tests ask of its pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from tests.support.browser import PASSWORD, FormReader

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

EMPTY = "/healthz"
"""Where a page that nobody uses waits: one of the same origin, because Chromium starts a process to leave another."""

OpenPage = Callable[..., Page]
"""The fixture `open_page` of `tests/e2e/conftest.py`."""


HASTY = "Autofocus processing was blocked because a document already has a focused element."
"""A test may type into a page before the browser has drawn it and focuses a field, above all on a busy machine. Two
fields that want the focus are found by `findings`."""


class Console:
    """What the browser complained about. The content policy speaks here too."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self._watched: list[Page] = []

    def watch(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", self._failed)
        self._watched.append(page)

    def leave(self) -> None:
        """Watch no page any longer."""
        while self._watched:
            page = self._watched.pop()
            page.remove_listener("console", self._said)
            page.remove_listener("pageerror", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        if message.text != HASTY:
            self.messages.append(f"{message.type}: {message.text}")

    def _failed(self, error: Error) -> None:
        self.messages.append(f"error: {error}")


class Profiles:
    """Browser profiles, emptied and used again, because a new one costs eight times as much as a page load."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self._chromium, self._url = chromium, url
        self._spare: dict[tuple[bool, str], list[Page]] = {}
        self._taken: list[tuple[tuple[bool, str], Page]] = []
        self._apart: list[BrowserContext] = []

    def take(self, js: bool, locale: str, *, apart: bool) -> Page:
        """A page of a profile without cookies; one of its own, if it is to stand `apart`."""
        kind = (js, locale)
        if not apart and self._spare.get(kind):
            page = self._spare[kind].pop()
        else:
            context = self._chromium.new_context(base_url=self._url, java_script_enabled=js, locale=locale)
            context.set_default_timeout(10_000)
            page = context.new_page()
            if apart:
                self._apart.append(context)
                return page
        self._taken.append((kind, page))
        return page

    def give_back(self) -> None:
        """Empty what was taken."""
        while self._apart:
            self._apart.pop().close()
        while self._taken:
            kind, page = self._taken.pop()
            for another in page.context.pages:
                if another is not page:
                    another.close()
            page.goto(EMPTY)
            page.context.clear_cookies()
            self._spare.setdefault(kind, []).append(page)


SETTLED = """Promise.allSettled(document.getAnimations()
  .filter(a => a.effect.getTiming().iterations === 1).map(a => a.finished)).then(() => {})"""
"""Awaits the end of every transition; an animation without end is left alone."""
OF_COLOURS = ["color-contrast", "link-in-text-block"]
AXE = Axe().axe_script
VIOLATIONS = """async (options) => {
  const { violations } = await axe.run(options);
  return violations.map(({ id, help, nodes }) => [id, help, nodes.map(({ html }) => html.slice(0, 120))]);
}"""
"""Axe is put into a page once, and only what it found comes back: its whole answer costs more than finding it."""


def findings(page: Page, *, dark_too: bool = False) -> list[str]:
    """What axe finds on the page, one line per rule; `dark_too` asks the rules of colours again on the dark page.

    Empty is what we want. The dark page differs in nothing but colours, because the stylesheet knows it by light-dark()
    alone.
    """
    found = _violations(page)
    if dark_too:
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {line}" for line in _violations(page, runOnly=OF_COLOURS)]
        page.emulate_media(color_scheme="light")
    return found


def _violations(page: Page, **options: object) -> list[str]:
    page.evaluate(SETTLED)  # or colours are measured on their way from one to another
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    violations: list[tuple[str, str, list[str]]] = page.evaluate(VIOLATIONS, {"resultTypes": ["violations"], **options})
    rivals = page.locator("[autofocus]").count()
    said = [f"{rule}: {words} {nodes}" for rule, words, nodes in violations]
    return [*said, f"{rivals} fields want the focus"] if rivals > 1 else said


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def looked_at(page: Page, name: str, *, js: bool = True, dark_too: bool = False) -> None:
    """Axe finds nothing (it needs scripts), and nothing scrolls sideways on a small phone either.

    With WEBAPP_TEST_SHOTS, a folder, the page is kept there as `name`, and as the phone shows it.
    """
    folder = os.environ.get("WEBAPP_TEST_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert not js or findings(page, dark_too=dark_too) == []
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 700})
    if folder:
        page.screenshot(path=f"{folder}/{name}_phone.png", full_page=True)
    assert not scrolls_sideways(page)
    page.set_viewport_size(size or {"width": 1280, "height": 800})


def await_focus(page: Page) -> None:
    """Wait until the browser has focused the form's first field. Chromium reports typing that comes earlier."""
    page.wait_for_selector("[autofocus]:focus")


def await_notice(page: Page, words: str) -> None:
    """Wait until the page says so. Its address says it only until the script that takes `notice` away has run."""
    page.wait_for_selector(f"main .notice:has-text('{words}')")


def sign_up(page: Page, username: str, password: str = PASSWORD) -> None:
    """Sign up with this page's cookies and in its language, without a page load: `test_main_job` fills in the form."""
    language = page.evaluate("navigator.language")
    asking = page.context.request
    form = next(form for form in FormReader(asking.get("/signup").text()).forms if "username" in form.fields)
    typed = {"username": username, "email": f"{username}@example.com", "password": password}
    answer = asking.post(
        form.action,
        form={**form.fields, **typed},
        headers={"Accept-Language": language},
        max_redirects=0,
    )
    assert answer.status == 303, answer.text()
