"""The secret of a mailed link stays with this site, in a real browser: another site hears requests, but no secret."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Request

from tests.support.mailbox import Outbox, link
from tests.support.server import Server

KINDS = {"stylesheet", "script", "image"}
PLANT = """address => new Promise(done => {
  const kinds = [["link", {rel: "stylesheet", href: address + "/stylesheet"}],
                 ["script", {src: address + "/script"}], ["img", {src: address + "/image"}]];
  let missing = kinds.length;
  for (const [name, what] of kinds) {
    const node = Object.assign(document.createElement(name), what);
    node.onload = node.onerror = () => --missing || done();
    document.head.append(node);
  }
  document.querySelector("main").insertAdjacentHTML("beforeend", `<a id="away" href="${address}/away">away</a>`);
})"""
"""What a site might have on its pages: files of another site, and a link to it."""


class Elsewhere(BaseHTTPRequestHandler):
    """Another site. Its front page is a mailbox with one mail in it; it keeps what each request told it."""

    mail = ""
    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(f"{self.path}\n{self.headers}")
        body = f"<!doctype html><title>Mail</title><a id=mail href='{self.mail}'>your mail</a>".encode()
        self.send_response(200 if self.path in ("/", "/away") else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, type[Elsewhere]]]:
    """Its address, and what it heard."""
    handler = type("Handler", (Elsewhere,), {"heard": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}", handler  # another host, because cookies know no ports
        server.shutdown()


def told(requests: list[Request], address: str) -> list[str]:
    """What the browser told each host: headers, and for others than the link itself the address."""
    return ["\n".join(r.all_headers().values()) + ("" if r.url == address else r.url) for r in requests]


def test_the_secret_of_a_link_goes_nowhere(
    site: Server, chromium: Chromium, elsewhere: tuple[str, type[Elsewhere]]
) -> None:
    """Click the link in a mailbox on the web, load another site's files, follow a link of the page and one that leads
    away, come back: the secret is in one request line, and in no `Referer`, address bar, page or line of the log."""
    away, other = elsewhere
    name = f"e{secrets.token_hex(5)}"
    site.browser().sign_up(name)
    site.browser().submit("/reset", login=name)
    other.mail = address = link(Outbox(site).newest(f"{name}@example.com"))
    token = address.partition("token=")[2]
    secret = token.rpartition(".")[2]
    # Without the content policy, which would stop the other site's files. The promise must not rest on it alone.
    page: Page = chromium.new_page(base_url=site.url, bypass_csp=True)
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    seen = []
    page.goto(away)
    page.click("#mail")
    page.wait_for_url("**/reset/new")
    seen += [page.url, page.evaluate("document.referrer"), page.content()]
    page.evaluate(PLANT, away)
    page.click("a.brand")
    page.wait_for_url(f"{site.url}/")
    seen += [page.url, page.evaluate("document.referrer"), page.content()]
    page.go_back()
    page.wait_for_url("**/reset/new")
    page.evaluate(PLANT, away)
    page.click("#away")
    page.wait_for_url(f"{away}/away")
    seen += [page.url, page.evaluate("document.referrer")]
    page.go_back()
    page.wait_for_url("**/reset/new")
    page.go_back()
    page.wait_for_url(f"{away}/")
    seen += [page.url]

    said = told(requests, address)
    page.context.close()
    assert {request.resource_type for request in requests if request.url.startswith(away)} >= KINDS
    own = [one for one in said if f"{site.url}/reset/" in one]
    assert own, "the page itself is named to its own site, so the look at `Referer` sees something"
    assert [one for one in said if secret in re.sub(rf"\breset={re.escape(token)}", "", one)] == []
    assert [one for one in [*seen, *other.heard, site.log.read_text()] if secret in one] == []
    assert sum(secret in request.url for request in requests) == 1
