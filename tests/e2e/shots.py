"""`./dev shots`: retake the README's screenshots from the running application."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import CHROMIUM, FLAGS, sign_up
from tests.support.server import ROOT, Server

PICTURES = ROOT / "docs/pictures"


def open_at(chromium: Browser, site: Server, *, dark: bool = False, width: int = 1280, locale: str = "en-US") -> Page:
    context = chromium.new_context(
        base_url=site.url,
        color_scheme="dark" if dark else "light",
        viewport={"width": width, "height": 860 if width > 600 else 844},
        locale=locale,
        device_scale_factor=1 if width > 600 else 2,
    )
    return context.new_page()


def take(page: Page, path: str, name: str, *, full: bool = False) -> None:
    page.goto(path)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=full)
    print(f"docs/pictures/{name}.png")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), workers=2) as site, sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        light = open_at(chromium, site)
        take(light, "/", "home-light", full=True)
        take(light, "/login?notice=reuse", "login-light")
        light.goto("/learn")
        light.click("label[for=learn-access]")
        light.evaluate("document.querySelector('#step-8').scrollIntoView()")
        light.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
        light.screenshot(path=PICTURES / "learn-light.png")
        print("docs/pictures/learn-light.png")
        dark = open_at(chromium, site, dark=True)
        sign_up(dark, "ada.lovelace")
        site.clock.advance(700)
        take(dark, "/", "account-dark")
        lab = open_at(chromium, site)
        sign_up(lab, "grace.hopper")
        lab.goto("/lab")
        for seconds, lever in ((40, "send"), (45, "expire/access"), (20, "send"), (60, "send"), (30, "expire/refresh")):
            site.clock.advance(seconds)
            with lab.expect_response(lambda answer: "/lab/" in answer.url and answer.request.method == "POST"):
                lab.click(f'#board form[action="/lab/{lever}"] button')
            lab.wait_for_load_state("networkidle")
        lab.set_viewport_size({"width": 1280, "height": 720})
        lab.wait_for_timeout(1000)  # the dot slides
        lab.screenshot(path=PICTURES / "lab-light.png")
        print("docs/pictures/lab-light.png")
        lab.emulate_media(reduced_motion="reduce")
        take(lab, "/lab/acts/thief", "act-light")
        phone = open_at(chromium, site, width=390, locale="ko-KR")
        take(phone, "/login", "login-phone-ko")
        chromium.close()


if __name__ == "__main__":
    main()
