"""The whole way of a person through a site below a prefix, with every address that is met on it."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx

from tests.support import mailbox
from tests.support.browser import PASSWORD, Browser, cookies_set
from tests.support.mailbox import Outbox

PREFIX = "/login-app"
NAMES = ("href", "src", "action", "formaction", "poster")


class Addresses(HTMLParser):
    """Every address of a page that a browser would ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value and (name in NAMES or name.endswith("-url")):
                self.found.add(value)


def is_below(address: str, site: str) -> bool:
    """Is this an address of the site at `site`, or plainly another site's, or of the page itself?"""
    if address.startswith(("#", "?", "data:")):
        return True
    if not address.startswith("/"):
        there = urlsplit(address)
        return there.netloc != urlsplit(site).netloc or address.startswith(f"{site}/")
    return address == PREFIX or address.startswith(f"{PREFIX}/")


class Walker:
    """A browser at the site `site` (with the prefix). Every address it is given must be below the prefix."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.browser, self.site = browser, site
        self.seen: set[str] = set()

    def look(self, answer: httpx.Response) -> httpx.Response:
        """Every link, form, file and redirect is below the prefix; every cookie is for the whole host."""
        for cookie in cookies_set(answer).values():
            assert "; Path=/;" in f"{cookie};", cookie
        found = {answer.headers["location"]} if "location" in answer.headers else set()
        if answer.headers.get("content-type", "").startswith("text/html"):
            found |= Addresses(answer.text).found
        outside = {address for address in found if not is_below(address, self.site)}
        assert not outside, (str(answer.url), outside)
        self.seen |= found
        return answer

    def get(self, path: str, status: int = 200) -> httpx.Response:
        answer = self.look(self.browser.get(path))
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer

    def submit(self, path: str, action: str | None = None, status: int = 303, **fields: str) -> httpx.Response:
        answer = self.look(self.browser.submit(path, action, **fields))
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer


def walk(browser: Browser, site: str, advance: Callable[[int], object], outbox: Outbox) -> Walker:
    """Sign up, refresh, pull a lever of the lab, log out, log in again, reset the password by mail."""
    walker = Walker(browser, site)
    get, submit, name = walker.get, walker.submit, "ada"
    get(f"{PREFIX}/")
    form = {"username": name, "email": f"{name}@example.com", "name": "Ada", "password": PASSWORD}
    assert submit(f"{PREFIX}/signup", **form).headers["location"] == f"{PREFIX}/"
    for page in ("", "account", "account/sessions", "account/password", "learn", "inspector", "api/docs", "lab"):
        get(f"{PREFIX}/{page}")

    advance(601)  # the access token has expired, so the next page refreshes
    answer = get(f"{PREFIX}/account")
    assert any(cookie.startswith(("access_token=", "__Host-access_token=")) for cookie in cookies_set(answer).values())
    submit(f"{PREFIX}/lab", f"{PREFIX}/lab/expire/access", 200)
    assert "case 2" in get(f"{PREFIX}/lab").headers["server-timing"]
    acts = sorted(address for address in walker.seen if address.startswith(f"{PREFIX}/lab/acts/"))
    assert len(acts) > 4
    for act in acts:
        assert "notice notice-ok" in get(act).text, act  # its own requests, inside the process, went as foretold
    submit(f"{PREFIX}/", f"{PREFIX}/preferences", language="ko", next=f"{PREFIX}/account?x=1")
    submit(f"{PREFIX}/", f"{PREFIX}/preferences", language="en", next="/elsewhere")

    advance(86400)  # a sensitive page asks for a proof, and leads back
    asked = get(f"{PREFIX}/account/factors/totp", 303).headers["location"]
    assert asked == f"{PREFIX}/step-up?next=%2Flogin-app%2Faccount%2Ffactors%2Ftotp"
    proved = submit(asked, f"{PREFIX}/step-up", password=PASSWORD)
    assert proved.headers["location"] == f"{PREFIX}/account/factors/totp"

    assert submit(f"{PREFIX}/", f"{PREFIX}/logout").headers["location"] == f"{PREFIX}/login"
    asked = get(f"{PREFIX}/account?tab=1", 303).headers["location"]
    assert asked == f"{PREFIX}/login?next=%2Flogin-app%2Faccount%3Ftab%3D1"
    back = submit(asked, f"{PREFIX}/login", username=name, password=PASSWORD)
    assert back.headers["location"] == f"{PREFIX}/account?tab=1"
    submit(f"{PREFIX}/", f"{PREFIX}/logout")
    tricks = "/elsewhere", f"{PREFIX}/../elsewhere", f"{PREFIX}/%2e%2E/elsewhere", f"{PREFIX}er/", "//evil.example"
    for elsewhere in tricks:
        to_log_in = str(httpx.URL(f"{PREFIX}/login", params={"next": elsewhere}))
        answer = submit(to_log_in, f"{PREFIX}/login", username=name, password=PASSWORD)
        assert answer.headers["location"] == f"{PREFIX}/", elsewhere
        submit(f"{PREFIX}/", f"{PREFIX}/logout")

    submit(f"{PREFIX}/reset", login=name)
    link = mailbox.link(outbox.newest(f"{name}@example.com"))
    assert link.startswith(f"{site}/reset/open?token=")
    assert get(link.removeprefix(site.removesuffix(PREFIX)), 303).headers["location"] == f"{PREFIX}/reset/new"
    assert submit(f"{PREFIX}/reset/new", new_password=PASSWORD * 2).headers["location"].startswith(f"{PREFIX}/login?")
    submit(f"{PREFIX}/login", username=name, password=PASSWORD * 2)
    return walker
