"""Another service behind the same login: deploy/nginx-guard.conf under the real nginx, with tabs, expiry and logout."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.browser import PASSWORD, Browser
from tests.support.crowd import at_once
from tests.support.databases import need
from tests.support.nginx import NGINX, Nginx
from tests.support.production import production
from tests.support.server import ROOT, Server
from webapp.web.cookies import TOKEN_COOKIES

GUARD = ROOT / "deploy" / "nginx-guard.conf"


class Notes(BaseHTTPRequestHandler):
    """The other service: it says what it was asked, and by whom."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(
            {
                "path": self.path,
                "user": self.headers["X-Auth-User"],
                "name": self.headers["X-Auth-Name"],
                "email": self.headers["X-Auth-Email"],
                "role": self.headers["X-Auth-Role"],
                "cookie": self.headers["Cookie"],
                "sent": self.rfile.read(int(self.headers["Content-Length"] or 0)).decode(),
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Nothing, because a test is no place for an access log."""


class GuardedNginx(Nginx):
    def __init__(self, folder: Path, backends: list[int], notes: int) -> None:
        self.notes = notes
        super().__init__(folder, backends)

    def _site(self, backends: list[int]) -> str:
        guard = GUARD.read_text()
        maps = "\n".join(re.findall(r"^#   (map .*)$", guard, re.MULTILINE))
        assert maps.count("map ") == 6
        locations = guard.replace("127.0.0.1:9000", f"127.0.0.1:{self.notes}")
        head, mark, tail = super()._site(backends).partition("    location / {\n        proxy_pass")
        return f"{maps}\n{head}{locations}\n{mark}{tail}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GuardedNginx, Server]]:
    need("nginx", there=NGINX is not None)
    folder = tmp_path_factory.mktemp("guard")
    with ThreadingHTTPServer(("127.0.0.1", 0), Notes) as notes:
        threading.Thread(target=notes.serve_forever, daemon=True).start()
        server = Server(folder / "instance", settings=production(folder / "keys"), workers=2)
        with server, GuardedNginx(folder / "nginx", [server.port], notes.server_port) as nginx:
            yield nginx, server
        notes.shutdown()


def follow(browser: Browser, path: str) -> dict[str, str]:
    """Open an address as a browser does, through every redirect; what the service said."""
    answer = browser.get(path, follow_redirects=True)
    assert answer.status_code == 200, answer
    found: dict[str, str] = answer.json()
    return found


def test_the_configuration_is_accepted(site: tuple[GuardedNginx, Server]) -> None:
    """nginx accepts the configuration file."""
    result = site[0].check()
    assert result.returncode == 0, result.stderr


def test_who_it_is_arrives_and_the_tokens_do_not(site: tuple[GuardedNginx, Server]) -> None:
    """The service gets four headers and its own cookies. A browser's own values of these headers are thrown away."""
    person = site[0].browser()
    name = person.sign_up()
    assert person.submit("/account", name="김하늘 Ada", theme="auto", language="en").status_code == 303
    answer = person.get("/notes/a?b=1&c=%20", headers={"X-Auth-User": "admin", "X-Auth-Role": "admin"})
    found = answer.json()
    assert (found["path"], found["user"], found["role"]) == ("/notes/a?b=1&c=%20", name, "user")
    assert (unquote(found["name"]), unquote(found["email"])) == ("김하늘 Ada", f"{name}@example.com")
    assert "__Host-" not in (found["cookie"] or "")
    assert "set-cookie" not in answer.headers


OURS = ("access_token", "refresh_token", "reset", "pending_login", "known_browser", "tokenroom_form")
"""Every cookie of the login but the one for language and colours, which is no secret."""


def test_these_are_all_cookies_of_the_login() -> None:
    """A new one has to be left out by the proxy, too."""
    sources = "".join(path.read_text() for path in (ROOT / "webapp").rglob("*.py") if path.parent.name != "lab")
    made = re.findall(r"\b(?:Own|Signed)Cookie\(\s*\"(\w+)\"", sources)
    assert {*made, *TOKEN_COOKIES, "tokenroom_form"} == set(OURS)
    # Where the prefix of their names is put in: Flask's option, the class of the small ones, and twice for the tokens.
    assert sources.count("cookie_prefix}") + sources.count("prefix = settings.cookie_prefix") == 4


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
def test_no_cookie_of_the_login_reaches_the_service(site: tuple[GuardedNginx, Server], order: int) -> None:
    """Neither the tokens nor a pending login or reset; the service's own cookies arrive as they were sent."""
    person = site[0].browser()
    person.sign_up()
    held = {cookie.name: cookie.value for cookie in person.http.cookies.jar if cookie.name.startswith("__Host-")}
    assert any(name.startswith("__Host-tokenroom_form_") for name in held)
    held |= {f"__Host-{name}": "x.y" for name in ("reset", "pending_login")}
    cookies = [f"{name}={value}" for name, value in held.items()][::order]
    own = ["a=1", "my__Host-reset=2", "b=", "reset=3", "c=4", "d=5"]
    mixed = [cookie for pair in zip(own, cookies, strict=True) for cookie in pair]
    for sent, expected in ((mixed, own), (mixed[::-1], own[::-1]), (cookies, [])):
        answer = person.get("/notes/", headers={"Cookie": "; ".join(sent)})
        arrived = (answer.json()["cookie"] or "").removesuffix("; ")
        assert arrived == "; ".join(expected)
    # Tabs that started together have a cookie each, made one after the other.
    forms = [f"__Host-tokenroom_form_{digit * 8}=x.y" for digit in "0123456789"]
    others = [cookie for cookie in cookies if "_form_" not in cookie]
    answer = person.get("/notes/", headers={"Cookie": "; ".join([*others, "a=1", *forms, "b=2"][::order])})
    assert answer.json()["cookie"].removesuffix("; ") == "; ".join(["a=1", "b=2"][::order])


def test_a_stranger_logs_in_and_comes_back(site: tuple[GuardedNginx, Server]) -> None:
    """To the very address that was asked for, with its whole query."""
    person = site[0].browser()
    name = person.sign_up()
    person.log_out()
    asked = person.get("/notes/x?a=1&b=2")
    assert (asked.status_code, asked.headers["location"]) == (303, "/auth/continue?next=/notes/x?a=1&b=2")
    to_log_in = person.get(asked.headers["location"])
    assert to_log_in.headers["location"].startswith("/login?")
    answer = person.submit(to_log_in.headers["location"], action="/login", username=name, password=PASSWORD)
    assert follow(person, answer.headers["location"])["path"] == "/notes/x?a=1&b=2"


def test_expiry_again_and_again_in_three_tabs(site: tuple[GuardedNginx, Server]) -> None:
    """Tokens run out twelve times while three tabs are open: always served, and never taken for a thief."""
    nginx, server = site
    person = nginx.browser()
    name = person.sign_up()
    for _ in range(12):
        server.clock.advance(601)
        # One browser: its tabs share the cookies, and send what it held when each began.
        tabs = [person.another_tab() for _ in range(2)]
        users = at_once(2, lambda number, tabs=tabs: follow(tabs[number], "/notes/")["user"])  # type: ignore[misc]
        assert users == [name, name]
        assert follow(person, "/notes/")["user"] == name
    assert person.get("/test/me").status_code == 200


def test_a_form_is_not_lost_to_an_expired_token(site: tuple[GuardedNginx, Server]) -> None:
    """A POST cannot go another way round with what it carries, so it is let through while the refresh token is good."""
    nginx, server = site
    person = nginx.browser()
    name = person.sign_up()
    server.clock.advance(601)
    assert person.get("/notes/").status_code == 303
    found = person.post("/notes/", {"text": "kept"}).json()
    assert (found["user"], found["sent"]) == (name, "text=kept")


def test_logout_reaches_the_service_at_once(site: tuple[GuardedNginx, Server]) -> None:
    """The next request of every tab, with an access token that has not expired."""
    person = site[0].browser()
    person.sign_up()
    tab = person.another_tab()
    assert tab.get("/notes/").status_code == 200
    person.log_out()
    assert tab.get("/notes/").status_code == 303
    assert tab.post("/notes/", {"text": "lost"}).status_code == 303
