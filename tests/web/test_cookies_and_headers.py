"""The outside of each answer: cookie attributes, security headers, caching, the host fence, Server-Timing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import NAVIGATION, PASSWORD, Browser, FormReader, case_of, cookies_set
from tests.support.clock import SetClock

DAYS = 24 * 3600
PUBLIC = "https://login.example.com"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)


def attributes(header: str) -> dict[str, str | None]:
    name, *rest = header.split("; ")
    found: dict[str, str | None] = {"name": name.partition("=")[0]}
    for part in rest:
        key, equals, value = part.partition("=")
        found[key.lower()] = value if equals else None
    if found.get("max-age") not in (None, "0"):
        found.pop("expires", None)  # says the same for browsers of the last century
    return found


def log_in(browser: Browser, **fields: str) -> dict[str, str]:
    name = browser.sign_up()
    other = browser.another_tab()
    other.http.cookies.clear()
    return cookies_set(other.log_in(name, **fields))


@pytest.fixture
def production(tmp_path: Path, migrated_sqlite: Path) -> Flask:
    folder = tmp_path / "production"
    shutil.copytree(migrated_sqlite, folder)
    return build_app(folder, {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": PUBLIC})


@pytest.mark.parametrize("remember", [True, False])
def test_cookies_in_development(visitor: Browser, remember: bool) -> None:
    """Token cookies are HttpOnly and SameSite=Lax, and last only where the user asked for it."""
    cookies = log_in(visitor, **({"remember": "y"} if remember else {}))
    for name in ("access_token", "refresh_token"):
        found = attributes(cookies[name])
        age = found.pop("max-age", None)
        assert found == {"name": name, "httponly": None, "path": "/", "samesite": "Lax"}
        assert age == (str(30 * DAYS) if remember else None)


@pytest.mark.parametrize("remember", [True, False])
def test_cookies_in_production(production: Flask, remember: bool) -> None:
    """In production they are Secure and have the __Host- prefix as well."""
    cookies = log_in(Browser.of_app(production, PUBLIC), **({"remember": "y"} if remember else {}))
    for name in ("__Host-access_token", "__Host-refresh_token"):
        found = attributes(cookies[name])
        age = found.pop("max-age", None)
        assert found == {"name": name, "secure": None, "httponly": None, "path": "/", "samesite": "Lax"}
        assert age == (str(30 * DAYS) if remember else None)
    assert "access_token" not in cookies


def test_production_reads_no_other_cookie(production: Flask) -> None:
    """A cookie that a sibling host could set is not ours."""
    browser = Browser.of_app(production, PUBLIC)
    browser.sign_up()
    assert browser.get("/test/me").status_code == 200
    plain = Browser.of_app(production, PUBLIC)
    for name in ("access_token", "refresh_token"):
        plain.set_cookie(name, browser.cookie(f"__Host-{name}"))
    assert plain.get("/test/me").status_code == 303


def test_a_rotated_cookie_lives_until_the_sessions_end(visitor: Browser, clock: SetClock) -> None:
    """Never until the token's own `exp`, because the browser would drop it at the moment cases 2 and 3 are about."""
    name = visitor.sign_up()
    visitor.log_out()
    visitor.log_in(name, remember="y")
    clock.advance(2 * DAYS)
    cookies = cookies_set(visitor.get("/test/me"))
    assert {attributes(cookie)["max-age"] for cookie in cookies.values()} == {str(28 * DAYS)}


def test_cleared_with_the_same_attributes(visitor: Browser) -> None:
    """A logout clears both cookies with the attributes that they were set with."""
    visitor.sign_up()
    cookies = cookies_set(visitor.log_out())
    for name in ("access_token", "refresh_token"):
        found = attributes(cookies[name])
        assert found.pop("expires").startswith("Thu, 01 Jan 1970")  # type: ignore[union-attr]
        assert found == {"name": name, "max-age": "0", "httponly": None, "path": "/", "samesite": "Lax"}


def test_a_token_never_appears_in_a_page(visitor: Browser, clock: SetClock) -> None:
    """No page contains the payload or the signature of a token."""
    visitor.sign_up()
    for path in ("/", "/account", "/login", "/nothing", "/test/me"):
        page = visitor.get(path).text
        for token in (visitor.access, visitor.refresh):
            assert token
            assert token.split(".")[2] not in page
            assert token.split(".")[1] not in page


PATHS = ["/", "/login", "/signup", "/account", "/nothing", "/healthz", "/readyz", "/.well-known/jwks.json",
         "/static/css/tokenroom.css", "/test/me", "/test/open", "/logout"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("signed_in", [True, False])
def test_security_headers_everywhere(visitor: Browser, path: str, signed_in: bool) -> None:
    """Each answer has the security headers, and each page of a user is uncached."""
    if signed_in:
        visitor.sign_up()
    answer = visitor.get(path)
    headers = answer.headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("same-origin", "strict-origin-when-cross-origin", "no-referrer")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers
    tokenless = path in ("/healthz", "/readyz", "/.well-known/jwks.json") or path.startswith("/static/")
    if tokenless:
        assert not answer.headers.get_list("set-cookie")
        assert "server-timing" not in headers
    else:
        assert headers["cache-control"] == "no-store"
        assert "cookie" in headers["vary"].lower()


def test_hsts_in_production(production: Flask) -> None:
    """Production sends HSTS and no Server-Timing."""
    answer = Browser.of_app(production, PUBLIC).get("/")
    assert re.fullmatch(r"max-age=\d{8,}.*", answer.headers["strict-transport-security"])
    assert "server-timing" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/login", "/signup", "/account", "/nothing"])
def test_pages_keep_to_their_own_policy(visitor: Browser, path: str) -> None:
    """No inline script, style or handler, nothing from elsewhere."""
    stranger = visitor.another_tab()
    visitor.sign_up()
    for page in (visitor.get(path).text, stranger.get(path).text):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|data:image", page)
        assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", page)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!127\.0\.0\.1)", page)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("tokenroom.example.com", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.evil.example", 400),
        ("10.0.0.5:8000", 400),
        ("0.0.0.0", 400),
        ("evil@localhost", 400),
        ("localhost/", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
def test_development_answers_to_loopback_names_only(app: Flask, host: str, status: int) -> None:
    """Any other Host is a 400 in development, except for the health check."""
    client = app.test_client()
    assert client.get("/login", environ_overrides={"HTTP_HOST": host}).status_code == status
    assert client.get("/healthz", environ_overrides={"HTTP_HOST": host}).status_code == 200
    for closed in ("/metrics", "/.well-known/jwks.json"):
        refused = client.get(closed, environ_overrides={"HTTP_HOST": host}).status_code == 400
        assert refused is (status == 400), closed


@pytest.mark.parametrize(("host", "status"), [("login.example.com", 200), ("127.0.0.1", 400), ("example.com", 400)])
def test_production_answers_to_its_own_name_only(production: Flask, host: str, status: int) -> None:
    """Any other Host is a 400 in production, except for the metrics."""
    answer = production.test_client().get("/login", environ_overrides={"HTTP_HOST": host, "wsgi.url_scheme": "https"})
    assert answer.status_code == status
    scrape = production.test_client().get("/metrics", environ_overrides={"HTTP_HOST": "10.0.0.5:8000"})
    assert scrape.status_code == 200


def test_server_timing_says_which_case(visitor: Browser, clock: SetClock) -> None:
    """The number is what the two tokens say; the words say what came of it."""
    assert "server-timing" not in visitor.get("/").headers
    visitor.sign_up()
    answer = visitor.get("/account")
    assert re.fullmatch(r'auth;dur=\d+\.\d+;desc="case 4: both valid"', answer.headers["server-timing"])
    clock.advance(600)
    lost = visitor.another_tab()
    assert case_of(lost.get("/account")) == "case 2: access reissued"
    late = visitor.another_tab()
    assert case_of(visitor.get("/account")) == "case 2: access reissued, same refresh again"
    visitor.get("/account")  # confirms
    assert case_of(late.get("/account")) == "case 2: access reissued in grace"
    assert case_of(late.get("/account")) == "case 4: both valid"  # in grace, and so what
    clock.advance(14 * DAYS)
    answer = visitor.get("/account")
    assert (answer.status_code, case_of(answer)) == (303, "case 1: log in again")
    assert "server-timing" not in visitor.get("/account").headers


@pytest.mark.parametrize("access", [None, "not.a.token"])
def test_pairs_outside_the_four_have_no_number(visitor: Browser, access: str | None) -> None:
    """A token that is absent or invalid: words alone."""
    visitor.sign_up()
    refresh = visitor.refresh
    visitor.refresh = None
    assert case_of(visitor.get("/account")) == "access valid, refresh absent"
    visitor.refresh = "not.a.token"
    assert case_of(visitor.get("/account")) == "access valid, refresh invalid"
    visitor.access, visitor.refresh = access, refresh
    assert case_of(visitor.get("/account")) == "access reissued"


def test_log_in_is_asked_for_in_the_senders_own_way(app: Flask) -> None:
    """A navigation is sent to the login; `fetch` and programs get 401 as JSON."""
    client = app.test_client()
    for headers, status in (
        (NAVIGATION, 303),
        ({}, 303),
        ({"Sec-Fetch-Mode": "cors"}, 401),
        ({"Sec-Fetch-Mode": "same-origin"}, 401),
        ({"Accept": "application/json"}, 401),
        ({"Accept": "text/html, application/json;q=0.5"}, 303),
        ({"Sec-Fetch-Mode": "navigate", "Accept": "application/json"}, 401),
    ):
        answer = client.get("/account", headers=headers)
        assert answer.status_code == status, headers
        if status == 401:
            assert answer.json is not None
            assert answer.json["error"]
            assert answer.location is None


def test_post_goes_to_the_log_in_without_next(app: Flask) -> None:
    """A stranger's POST leads to the login page without a way back."""
    answer = app.test_client().post("/account", headers=NAVIGATION)
    assert (answer.status_code, answer.location) == (303, "/login")


def test_cookies_are_cleared_on_navigations_only(visitor: Browser, clock: SetClock) -> None:
    """A late `fetch` of an old session must not clear what a new login has just set."""
    visitor.sign_up()
    clock.advance(14 * DAYS)
    answer = visitor.get("/account", headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 401
    assert not cookies_set(answer)
    answer = visitor.get("/account")
    assert set(cookies_set(answer)) >= {"access_token", "refresh_token"}


def test_the_csrf_cookie_is_closed_too(visitor: Browser) -> None:
    """Every cookie of the login page is HttpOnly and SameSite=Lax."""
    answer = visitor.get("/login")
    for cookie in cookies_set(answer).values():
        found = attributes(cookie)
        assert "httponly" in found
        assert found["samesite"] == "Lax"
    assert FormReader(answer.text).forms
    assert PASSWORD not in answer.text


def test_a_useless_refresh_cookie_is_cleared_on_navigations_only(visitor: Browser) -> None:
    """A late `fetch` must not clear what a login in another tab has just set."""
    visitor.sign_up()
    visitor.refresh = "not.a.token"
    answer = visitor.get("/account", headers={"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, cookies_set(answer)) == (200, {})
    assert set(cookies_set(visitor.get("/account"))) == {"refresh_token"}


def test_a_session_that_was_replaced_clears_nothing(visitor: Browser) -> None:
    """Its late navigation would clear the cookies of the login that has replaced it in this very browser."""
    name = visitor.sign_up()
    late = visitor.another_tab()
    fields = visitor.read_form("/", "/logout").fields
    assert visitor.post("/login", fields | {"username": name, "password": PASSWORD}).status_code == 303
    answer = late.get("/account")
    assert answer.status_code == 303
    assert "notice=replaced" in answer.headers["location"]
    assert not cookies_set(answer)
    assert visitor.get("/account").status_code == 200
