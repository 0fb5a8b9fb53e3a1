"""No box is wider than itself: three common fonts, two languages, a width every 40 px, on every page and after levers.

No scroll bar shows text that `overflow: clip` cuts, so each box is asked whether its content fits. The browser knows
only the fonts of a fontconfig file of the test's own, so other fonts of the machine change nothing.

A page is loaded once. A copy of it, in a frame, is then laid out with each font at each width, in one evaluation,
because drawing what nobody looks at takes a third of the time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.support.chromium import sign_up
from tests.support.commands import run_command
from tests.support.databases import need
from tests.support.server import Server

WIDTHS = range(320, 1281, 40)
FONTS = {
    "DejaVu Sans": ("DejaVuSans", "fonts-dejavu-core"),
    "Liberation Sans": ("LiberationSans-", "fonts-liberation"),
    "Noto Sans": ("NotoSans-", "fonts-noto-core"),
    "Noto Sans CJK KR": ("NotoSansCJK", "fonts-noto-cjk"),
}
LATIN = tuple(FONTS)[:3]

CONFIG = """<?xml version="1.0"?>
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{folder}/cache</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
"""

TOO_WIDE = """async ([widths, fonts]) => {
  const frame = document.createElement("iframe");
  frame.style.cssText = "position: fixed; inset: 0 auto auto 0; height: 900px; border: 0; visibility: hidden";
  document.body.append(frame);
  const inner = frame.contentDocument;
  inner.open();
  inner.write("<!doctype html>");
  inner.close();
  const copy = inner.importNode(document.documentElement, true);
  for (const needless of copy.querySelectorAll("iframe, script")) needless.remove();
  const styles = [...copy.querySelectorAll("link[rel=stylesheet]")].map(
    (link) => new Promise((ready, failed) => { link.onload = ready; link.onerror = failed; }));
  inner.replaceChild(copy, inner.documentElement);
  await Promise.all(styles);
  if (inner.compatMode !== document.compatMode || !styles.length) throw new Error("the copy is not like the page");
  const scrolls = (box) => ["auto", "scroll", "hidden"].includes(inner.defaultView.getComputedStyle(box).overflowX);
  const all = [copy, ...copy.querySelectorAll("main :not(.sr, .sr *, svg *, tr)")];
  const found = [];
  for (const font of fonts) {
    if (font) copy.style.setProperty("--font", `"${font}"`);
    for (const width of widths) {
      frame.style.width = `${width}px`;
      for (const box of all)
        if (box.clientWidth && box.scrollWidth > box.clientWidth + 1 && !scrolls(box))
          found.push(`${font} ${width} px: ${box.tagName}.${box.className} +${box.scrollWidth - box.clientWidth}`);
    }
  }
  frame.remove();
  return found;
}"""


@pytest.fixture(scope="module")
def machine(launch: Callable[..., Chromium], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Chromium on a machine that has these fonts alone."""
    folder = tmp_path_factory.mktemp("fonts")
    every = [path for path in Path("/usr/share/fonts").rglob("*.tt?") if path.suffix in (".ttf", ".ttc")]
    for start, package in FONTS.values():
        chosen = [path for path in every if path.name.startswith(start)]
        need(package, there=bool(chosen))
        for path in chosen:
            (folder / path.name).symlink_to(path)
    config = folder / "fonts.conf"
    config.write_text(CONFIG.format(folder=folder))
    with launch(FONTCONFIG_FILE=str(config)) as chromium:
        yield chromium


class Sweep:
    """Pages with each font at every width."""

    def __init__(self, page: Page, fonts: Sequence[str]) -> None:
        self.page, self.fonts, self.found = page, fonts, list[str]()

    def visit(self, path: str) -> None:
        self.page.goto(path)
        self.look(path)

    def look(self, what: str) -> None:
        self.found += [f"{what}: {box}" for box in self.page.evaluate(TOO_WIDE, [list(WIDTHS), self.fonts])]

    def pull(self, lever: str) -> None:
        with self.page.expect_response(lambda answer: "/lab/" in answer.url and answer.request.method == "POST"):
            self.page.evaluate(
                "action => document.querySelector(`form[action^='/lab/${action}'] button`).click()", lever
            )
        expect(self.page.locator("#said")).not_to_be_empty()


@pytest.mark.parametrize(("locale", "fonts"), [("en-US", LATIN), ("ko-KR", [""])], ids=["English", "Korean"])
def test_no_box_is_wider_than_itself(machine: Chromium, site: Server, locale: str, fonts: Sequence[str]) -> None:
    """Pages of strangers, of a person, of an administrator, and the lab after its levers.

    Korean pages name the Korean font first, also for Latin letters, so another font changes nothing there.
    """
    page = machine.new_page(base_url=site.url, locale=locale, bypass_csp=True)  # a policy would stop the copy
    sweep = Sweep(page, fonts)
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


@pytest.mark.parametrize(("locale", "font"), [("en-US", "Noto Sans"), ("ko-KR", "")], ids=["English", "Korean"])
def test_the_first_screen_of_a_phone_reaches_the_timeline(
    machine: Chromium, site: Server, locale: str, font: str
) -> None:
    """What just happened, the whole square and the newest mark of the timeline, in this order, above the levers."""
    page = machine.new_page(base_url=site.url, locale=locale, bypass_csp=True)
    page.goto("/login")
    sign_up(page, f"w{secrets.token_hex(5)}")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/lab")
    if font:
        page.evaluate("font => document.documentElement.style.setProperty('--font', font)", font)
    places = ("#strip", ".square", "#board svg .hit[transform] >> nth=0", ".dock")
    strip, square, mark, dock = (page.locator(place).bounding_box() for place in places)
    assert strip
    assert square
    assert mark
    assert dock
    assert strip["y"] + strip["height"] <= square["y"]
    assert square["y"] + square["height"] <= mark["y"]
    assert mark["y"] + mark["height"] <= dock["y"]
    page.close()
