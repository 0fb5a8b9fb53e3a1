"""A browser without a screen: it keeps cookies, reads forms out of pages and posts them."""

from __future__ import annotations

import base64
import json
import re
import secrets
from html.parser import HTMLParser
from typing import Any, Self

import httpx

NAVIGATION = {
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
}
PASSWORD = "a perfectly fine sentence"


class Form:
    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: dict[str, str] = {}


FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)


class FormReader(HTMLParser):
    """Finds every form of a page with the values a browser would send. What stands between the forms is not read,
    because it is most of the page: taking the lab apart costs 7 ms, and its forms a third of that."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select: str | None = None
        for form in FORM.findall(page):
            self.feed(form)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        a = dict(attributes)
        if tag == "form":
            self.forms.append(Form(a.get("action") or "", (a.get("method") or "get").lower()))
        elif self.forms and tag == "input" and a.get("name"):
            unchecked = a.get("type") in ("checkbox", "radio") and "checked" not in a
            if not unchecked and a.get("type") != "submit":
                self.forms[-1].fields[a["name"] or ""] = a.get("value") or ""
        elif self.forms and tag == "select":
            self._select = a.get("name")
        elif self.forms and tag == "option" and self._select and "selected" in a:
            self.forms[-1].fields[self._select] = a.get("value") or ""


def over_http(**options: Any) -> httpx.Client:
    """A client for plain http (loading certificates is slow)."""
    # Shorter than gunicorn's five seconds, or a request could meet a connection that is just being closed.
    limits = httpx.Limits(keepalive_expiry=4)
    return httpx.Client(timeout=30, verify=False, limits=limits, **options)


class Browser:
    """One person's browser at one site. `now` is whatever the server's clock says."""

    def __init__(self, client: httpx.Client) -> None:
        self.http = client
        self.http.headers.update(NAVIGATION)

    def __del__(self) -> None:
        self.http.close()  # an open socket that is collected is a warning, and warnings are errors

    @classmethod
    def of_app(cls, app: Any, base_url: str = "http://127.0.0.1:8000") -> Self:
        return cls(httpx.Client(transport=httpx.WSGITransport(app=app), base_url=base_url))

    @classmethod
    def of_server(cls, base_url: str) -> Self:
        return cls(over_http(base_url=base_url))

    def another_tab(self) -> Browser:
        """A request sender with a copy of the cookies as they are now."""
        transport = self.http._transport if isinstance(self.http._transport, httpx.WSGITransport) else None
        tab = Browser(over_http(base_url=self.http.base_url, transport=transport))
        for cookie in self.http.cookies.jar:
            tab.http.cookies.jar.set_cookie(cookie)
        return tab

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.http.get(path, **kwargs)

    def post(self, path: str, fields: dict[str, str], **kwargs: Any) -> httpx.Response:
        return self.http.post(path, data=fields, **kwargs)

    def read_form(self, path: str, action: str | None = None) -> Form:
        """The form on page `path` that posts to `action` (default: to the page itself)."""
        page = self.get(path)
        assert page.status_code < 500, page.text
        wanted = (action or path).partition("?")[0]
        for form in FormReader(page.text).forms:
            target = form.action.partition("?")[0] or path.partition("?")[0]
            if form.method == "post" and target == wanted:
                form.action = form.action or path
                return form
        raise AssertionError(f"no form for {wanted} on {path} ({page.status_code}): {page.text[:2000]}")

    def submit(self, path: str, action: str | None = None, **fields: str) -> httpx.Response:
        """Open page `path`, fill its form and send it."""
        form = self.read_form(path, action)
        return self.post(form.action, form.fields | fields)

    def sign_up(self, username: str | None = None, password: str = PASSWORD, **fields: str) -> str:
        name = username or f"u{secrets.token_hex(5)}"
        answer = self.submit(
            "/signup", username=name, email=f"{name}@example.com", name=f"Name of {name}", password=password, **fields
        )
        assert answer.status_code == 303, answer.text
        return name

    def log_in(self, username: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        return self.submit("/login", username=username, password=password, **fields)

    def log_out(self) -> httpx.Response:
        return self.submit("/", "/logout")

    def proof(self, target: str = "/", password: str = PASSWORD, **fields: str) -> dict[str, str]:
        """What the form of the step-up page sends, whether it is asked for or not."""
        return self.read_form("/", "/logout").fields | {"password": password, "next": target} | fields

    def prove(self, target: str = "/", password: str = PASSWORD, **fields: str) -> httpx.Response:
        """Send it."""
        return self.post("/step-up", self.proof(target, password, **fields))

    def cookie(self, name: str) -> str | None:
        return next((c.value for c in self.http.cookies.jar if c.name == name), None)

    def set_cookie(self, name: str, value: str | None) -> None:
        jar = self.http.cookies.jar
        for cookie in [c for c in jar if c.name == name]:
            jar.clear(cookie.domain, cookie.path, cookie.name)
        if value is not None:
            self.http.cookies.set(name, value, domain=self.http.base_url.host, path="/")

    @property
    def sid(self) -> str:
        """The id of this browser's session, as its refresh token (or else its access token) names it."""
        token = self.refresh or self.access
        assert token
        return str(read_parts(token)[1]["sid"])

    @property
    def access(self) -> str | None:
        return self.cookie("access_token")

    @access.setter
    def access(self, value: str | None) -> None:
        self.set_cookie("access_token", value)

    @property
    def refresh(self) -> str | None:
        return self.cookie("refresh_token")

    @refresh.setter
    def refresh(self, value: str | None) -> None:
        self.set_cookie("refresh_token", value)


def read_parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a token. Nothing is verified."""
    header, payload, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))


def cookies_set(answer: httpx.Response) -> dict[str, str]:
    """Name -> whole Set-Cookie value, of one answer. A name set twice fails."""
    found: dict[str, str] = {}
    for header in answer.headers.get_list("set-cookie"):
        name = header.partition("=")[0]
        assert name not in found, f"{name} set twice"
        found[name] = header
    return found


def case_of(answer: httpx.Response) -> str:
    """The words of Server-Timing: which case this request was."""
    return str(answer.headers.get("server-timing", "")).partition('desc="')[2].rstrip('"')
