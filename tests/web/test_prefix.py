"""Below a path of a shared host: `WEBAPP_PUBLIC_URL=http://127.0.0.1:8000/login-app`."""

from __future__ import annotations

import re

import httpx
import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.support import mailbox
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox
from tests.support.prefixed import PREFIX, walk
from tests.support.server import ROOT

SITE = f"http://127.0.0.1:8000{PREFIX}"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_PUBLIC_URL": SITE, "WEBAPP_TRUSTED_PROXIES": "1"}


def test_the_whole_way(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """Every link, form, file, redirect and mail on it stays below the prefix, and every file is there."""
    walker = walk(visitor, SITE, clock.advance, Outbox(app))
    files = {address for address in walker.seen if address.startswith(f"{PREFIX}/static/")}
    assert len(files) > 4
    assert {visitor.get(address).status_code for address in files} == {200}


def test_a_proxy_that_cuts_the_prefix_off_says_so(visitor: Browser) -> None:
    """`X-Forwarded-Prefix` with our own prefix: the path is what is left, and the way back has the prefix again."""
    cut = {"X-Forwarded-Prefix": PREFIX}
    answer = visitor.get("/account?a=1", headers=cut)
    assert answer.headers["location"] == f"{PREFIX}/login?next=%2Flogin-app%2Faccount%3Fa%3D1"
    assert visitor.get("/login", headers={"X-Forwarded-Prefix": f"{PREFIX}/"}).status_code == 200
    # Once only, because else a rule of the proxy's for /login-app/metrics would not hold for
    # /login-app/login-app/metrics.
    assert visitor.get(f"{PREFIX}/metrics", headers=cut).status_code == 404


@pytest.mark.parametrize("header", ["", "/evil", "//evil.example", "/", PREFIX + "/x"])
def test_no_other_prefix_is_believed(visitor: Browser, header: str) -> None:
    """Nobody chooses where our links lead, and nobody comes in outside the prefix."""
    told = {"X-Forwarded-Prefix": header}
    assert visitor.get(f"{PREFIX}/account", headers=told).headers["location"].startswith(f"{PREFIX}/login?")
    assert visitor.get("/account", headers=told).status_code == 404
    assert visitor.get(f"{PREFIX}er/account", headers=told).status_code == 404
    assert "evil" not in visitor.get(f"{PREFIX}/login", headers=told).text


@pytest.mark.parametrize("settings", [{"WEBAPP_PUBLIC_URL": SITE}])
def test_without_a_trusted_proxy_nobody_says_that_a_prefix_was_cut_off(visitor: Browser) -> None:
    """The header is a stranger's then."""
    cut = {"X-Forwarded-Prefix": PREFIX}
    assert visitor.get("/login", headers=cut).status_code == 404
    assert visitor.get(f"{PREFIX}/login", headers=cut).status_code == 200


def test_what_machines_ask_for_needs_no_prefix(visitor: Browser) -> None:
    """Probes and scrapes ask the process itself; both addresses answer. Pages and the API outside do not."""
    for path in ("/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"):
        assert visitor.get(path).status_code == 200
        assert visitor.get(f"{PREFIX}{path}").status_code == 200
    assert visitor.get("/").status_code == 404
    assert f'href="{PREFIX}/"' in visitor.get("/").text
    assert visitor.get("/api/v1/me").json()["error"] == "not_found"
    assert visitor.get("/.well-known/change-password").headers["location"] == f"{PREFIX}/account/password"


def test_forms_are_judged_by_the_origin(visitor: Browser) -> None:
    """`Origin` names scheme, host and port, and no path (RFC 6454)."""
    form = visitor.read_form(f"{PREFIX}/login")
    fields = form.fields | {"username": "nobody", "password": "x"}
    own, other = {"Origin": "http://127.0.0.1:8000"}, {"Origin": "http://127.0.0.1:8001"}
    assert visitor.post(form.action, fields, headers=own).status_code == 422
    assert visitor.post(form.action, fields, headers=other).status_code == 403


def test_the_api_says_where_it_is(visitor: Browser) -> None:
    """Its servers, its examples and the issuer of its tokens have the prefix; its paths lie below it."""
    document = visitor.get(f"{PREFIX}/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": SITE}]
    assert SITE in visitor.get(f"{PREFIX}/api/docs").text
    refused = visitor.get(f"{PREFIX}/api/v1/me")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="api"')


def test_the_way_for_another_service_leads_anywhere_on_the_host(visitor: Browser) -> None:
    """The service beside us is outside the prefix by its nature, so `/auth/continue` goes there, and not in circles."""
    asked = visitor.get(f"{PREFIX}/auth/continue?next=/notes/x?a=1")
    assert asked.headers["location"].startswith(f"{PREFIX}/login?next=%2Flogin-app%2Fauth%2Fcontinue%3Fnext%3D%2Fnotes")
    form = {"username": "ada", "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    visitor.submit(f"{PREFIX}/signup", **form)
    assert visitor.get(f"{PREFIX}/auth/continue?next=/notes/x?a=1").headers["location"] == "/notes/x?a=1"
    for away in ("//evil.example", f"{PREFIX}/auth/continue?next=/"):
        assert visitor.get(f"{PREFIX}/auth/continue?next={away}").headers["location"] == f"{PREFIX}/"


@pytest.mark.parametrize("settings", [{"WEBAPP_PUBLIC_URL": SITE, "WEBAPP_EMAIL_VERIFICATION": "required"}])
def test_the_steps_of_a_login(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """To the step that is due, to the page that was asked for, and back to the login where it took too long."""
    form = {"username": "ada", "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    step = f"{PREFIX}/login/address"
    asked = f"{PREFIX}/signup?next={PREFIX}/account"
    assert visitor.submit(asked, f"{PREFIX}/signup", **form).headers["location"] == step
    tab = visitor.another_tab()
    code = mailbox.code(Outbox(app).newest("ada@example.com"))
    assert visitor.get(f"{PREFIX}/login/second").headers["location"] == step
    assert visitor.submit(step, code=code).headers["location"] == f"{PREFIX}/account"
    clock.advance(601)
    assert tab.get(step).headers["location"] == f"{PREFIX}/login?notice=slow&next=%2Flogin-app%2Faccount"


@pytest.mark.parametrize("settings", [{}])
def test_a_server_that_mounts_the_application_below_a_path(app: Flask) -> None:
    """By WSGI alone (SCRIPT_NAME): redirects, links and the way back have the path."""

    def nothing(_environ: object, _start_response: object) -> list[bytes]:
        raise AssertionError("asked elsewhere")

    mounted = DispatcherMiddleware(nothing, {"/here": app})  # type: ignore[arg-type, dict-item]
    with httpx.Client(transport=httpx.WSGITransport(app=mounted), base_url="http://127.0.0.1:8000") as client:
        answer = client.get("/here/account")
        assert answer.headers["location"] == "/here/login?next=%2Fhere%2Faccount"
        assert 'action="/here/login"' in client.get("/here/login").text


def test_nobody_writes_an_address_as_text() -> None:
    """`url_for` knows the path that the site is below; `way_back` asks whether `next` is."""
    written = re.compile(r"""(see_other|redirect)\(f?["']/|\bsafe_next\(""")
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "webapp" / "web").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if written.search(line) and path.name != "requests.py"
    }
    assert not found
    templates = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    assert not re.findall(r"""(?:href|src|action)="/[^"]*""", templates)
