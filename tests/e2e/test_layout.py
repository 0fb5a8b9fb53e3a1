"""No box is wider than itself: three common fonts, two languages, a width every 40 px, on every page and after levers.

What `overflow: clip` cuts, no scroll bar shows; so each box is asked whether its content fits. The fonts are chosen by
a fontconfig file of the test's own: what else the machine has installed changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import CDPSession, Page, expect

from tests.support.chromium import sign_up
from tests.support.commands import run_command
from tests.support.databases import need
from tests.support.server import Server

WIDTHS = range(320, 1281, 40)
FONTS = {
    "DejaVu": ("DejaVuSans", "DejaVu Sans", "fonts-dejavu-core"),
    "Liberation": ("LiberationSans-", "Liberation Sans", "fonts-liberation"),
    "Noto": ("NotoSans-", "Noto Sans", "fonts-noto-core"),
}
KOREAN = "NotoSansCJK"

CONFIG = """<?xml version="1.0"?>
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{folder}/cache</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer><family>{family}</family></prefer></alias>
</fontconfig>
"""

TOO_WIDE = """() => {
  const scrolls = (box) => ["auto", "scroll", "hidden"].includes(getComputedStyle(box).overflowX);
  const all = [document.documentElement, ...document.querySelectorAll("main :not(.sr, .sr *, svg *, tr)")];
  return all.filter((box) => box.clientWidth && box.scrollWidth > box.clientWidth + 1 && !scrolls(box))
    .map((box) => `${box.tagName.toLowerCase()}.${box.className} +${box.scrollWidth - box.clientWidth}`);
}"""


MACHINES = [("DejaVu", "en-US"), ("Liberation", "en-US"), ("Noto", "en-US"), ("DejaVu", "ko-KR")]
"""Korean pages name the Korean font first, also for Latin letters: the other font changes nothing there."""


@pytest.fixture(params=MACHINES, ids=lambda machine: "-".join(machine))
def page(
    request: pytest.FixtureRequest, launch: Callable[..., Chromium], site: Server, tmp_path: Path
) -> Iterator[Page]:
    """A page of Chromium on a machine that has one sans-serif font, and a Korean one."""
    font, locale = request.param
    start, family, package = FONTS[font]
    every = [path for path in Path("/usr/share/fonts").rglob("*.tt?") if path.suffix in (".ttf", ".ttc")]
    chosen = [path for path in every if path.name.startswith((start, KOREAN))]
    need(f"{package} or fonts-noto-cjk", there=any(p.name.startswith(start) for p in chosen) and len(chosen) > 1)
    for path in chosen:
        (tmp_path / path.name).symlink_to(path)
    config = tmp_path / "fonts.conf"
    config.write_text(CONFIG.format(folder=tmp_path, family=family))
    with launch(FONTCONFIG_FILE=str(config)) as chromium:
        yield chromium.new_page(base_url=site.url, locale=locale)


class Sweep:
    """One page at every width."""

    def __init__(self, page: Page) -> None:
        self.page, self.found = page, list[str]()
        self.screen: CDPSession = page.context.new_cdp_session(page)

    def visit(self, path: str) -> None:
        self.page.goto(path)
        self.look(path)

    def look(self, what: str) -> None:
        for width in WIDTHS:
            self.screen.send(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
            )
            self.found += [f"{what} at {width} px: {box}" for box in self.page.evaluate(TOO_WIDE)]

    def pull(self, lever: str) -> None:
        with self.page.expect_response(lambda answer: "/lab/" in answer.url and answer.request.method == "POST"):
            self.page.evaluate(
                "action => document.querySelector(`form[action^='/lab/${action}'] button`).click()", lever
            )
        expect(self.page.locator("#said")).not_to_be_empty()


def test_no_box_is_wider_than_itself(page: Page, site: Server) -> None:
    """Pages of strangers, of a person, of an administrator, and the lab after its levers."""
    sweep = Sweep(page)
    for path in ("/", "/login?notice=reuse", "/signup", "/inspector", "/nothing-here"):
        sweep.visit(path)
    name = f"w{secrets.token_hex(5)}"
    sign_up(page, name)
    run_command(site.settings, "users", "set-role", name, "admin")
    for path in ("/learn?change=none&text=x", "/learn/quiz?q1=stay&q2=end", "/learn/words"):
        sweep.visit(path)
    for path in ("/", "/account", "/account/password", "/account/sessions", "/account/activity", "/api/docs", "/admin"):
        sweep.visit(path)
    page.goto("/lab")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    sweep.look("/lab")
    sweep.pull("clock/fast")
    sweep.look("/lab after the fast clock")
    for path in ("/lab?step=2", "/lab?large=1", "/lab/acts/thief"):
        sweep.visit(path)
    assert sweep.found == []
