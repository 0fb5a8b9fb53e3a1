"""People, for administrators only."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.commands import run_command
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.sql import execute, query
from webapp.core.lifetimes import DAY


@pytest.fixture
def admin(app: Flask) -> Browser:
    browser = Browser.of_app(app)
    promote(app, browser.sign_up("chief"))
    return browser


def promote(app: Flask, name: str) -> None:
    result = app.test_cli_runner().invoke(args=["users", "set-role", name, "admin"])
    assert result.exit_code == 0, result.output


def page_of(admin: Browser, name: str) -> str:
    page = admin.get(f"/admin?q={name}").text
    return "/admin/people/" + page.partition('href="/admin/people/')[2].partition('"')[0]


def trail(app: Flask, *arguments: str) -> list[dict[str, object]]:
    result = app.test_cli_runner().invoke(args=["audit", "--json", *arguments])
    events: list[dict[str, object]] = json.loads(result.stdout)
    return events


def test_others_get_403_for_everything(app: Flask, admin: Browser, visitor: Browser) -> None:
    """Every address of the area is a 403 for a user who knows them all."""
    name = visitor.sign_up()
    page = page_of(admin, name)
    form = visitor.read_form("/account").fields
    for path in ("/admin", page):
        assert visitor.get(path).status_code == 403
    for act in ("disable", "enable", "role", "sessions/x/revoke", "sessions/revoke-all"):
        assert visitor.post(f"{page}/{act}", form | {"role": "admin"}).status_code == 403
    assert "/admin" not in visitor.get("/").text
    assert 'href="/admin"' in admin.get("/").text


def test_search_and_pages(app: Flask, admin: Browser) -> None:
    """The list of users is searched by name and address, 25 on a page, and odd positions break nothing."""
    for number in range(30):
        Browser.of_app(app).sign_up(f"person{number:02}")
    first = admin.get("/admin?q=PERSON").text
    assert first.count('href="/admin/people/') == 25
    assert "First page" not in first
    further = re.search(r'href="(/admin\?[^"]+)" rel="next"', first)
    assert further
    second = admin.get(unescape(further[1])).text
    assert second.count('href="/admin/people/') == 5
    assert "person25" in second
    assert "Next page" not in second
    assert 'href="/admin?q=PERSON" rel="first"' in second
    assert "person07@example.com" in admin.get("/admin?q=person07@example").text
    assert admin.get("/admin?q=Name+of+person07").text.count('href="/admin/people/') == 1
    assert "No users found." in admin.get("/admin?q=100%25").text
    assert "No users found." in admin.get("/admin?q=PERSON&after=zzzz").text
    for after in ("x" * 3000, "%00", "%ED%A0%80", "'"):
        assert admin.get(f"/admin?q=PERSON&after={after}").status_code == 200


@pytest.mark.parametrize("query", ["%", "_", "'", "\\", "%00", "x" * 5000, "<script>", "%ED%A0%80"])
def test_odd_searches_find_nobody(admin: Browser, query: str) -> None:
    """A search text with wildcards or markup is plain text."""
    answer = admin.get(f"/admin?q={query}")
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_unknown_people_and_foreign_sessions_are_404(app: Flask, admin: Browser, visitor: Browser) -> None:
    """An unknown user or session is a 404, and an unknown role or position a 400."""
    visitor.sign_up()
    page = page_of(admin, visitor.get("/test/me").json()["username"])
    form = admin.read_form(page, f"{page}/disable").fields
    assert admin.get("/admin/people/nobody").status_code == 404
    assert admin.get(f"{page}?before=5").status_code == 200
    for number in ("0", "-1", "abc", str(2**63), "9" * 30):
        assert admin.get(f"{page}?before={number}").status_code == 400, number
    for path in (
        "/admin/people/nobody/disable",
        "/admin/people/nobody/enable",
        "/admin/people/nobody/role",
        "/admin/people/nobody/sessions/revoke-all",
        f"{page}/sessions/nothing/revoke",
    ):
        assert admin.post(path, form | {"role": "user"}).status_code == 404, path
    assert admin.post(f"{page}/role", form | {"role": "emperor"}).status_code == 400


def test_disable_and_enable(app: Flask, admin: Browser, visitor: Browser) -> None:
    """Out at once, and no way in; back in with the same password once enabled. Both names are in the trail."""
    name = visitor.sign_up()
    page = page_of(admin, name)
    admin.submit(page, f"{page}/disable")
    assert visitor.get("/test/me").status_code == 303
    assert visitor.log_in(name).status_code == 422
    assert "disabled since" in admin.get(page).text
    admin.submit(page, f"{page}/enable")
    assert visitor.log_in(name).status_code == 303
    done = {event["event"]: event for event in trail(app, "--user", name) if event["event"].startswith("account.")}  # type: ignore[attr-defined]
    assert done["account.disabled"]["user"] == done["account.enabled"]["user"] == name
    assert done["account.disabled"]["detail"] == {"by": "chief"}
    assert done["account.disabled"] in trail(app, "--user", "chief")
    assert "by chief" in admin.get(page).text
    assert "chief" not in visitor.get("/account/activity").text
    assert "by an administrator" in visitor.get("/account/activity").text


def test_a_role_is_changed(app: Flask, admin: Browser, visitor: Browser) -> None:
    """A changed role acts at once, and the audit log says who changed it."""
    name = visitor.sign_up()
    page = page_of(admin, name)
    assert admin.submit(page, f"{page}/role", role="admin").headers["location"].endswith("notice=role")
    assert visitor.get("/admin").status_code == 200
    changed = [event for event in trail(app, "--user", name) if event["event"] == "role.changed"]
    assert [event["detail"] for event in changed] == [{"by": "chief", "from": "user", "to": "admin"}]


def test_a_guest_stays_a_user(app: Flask, admin: Browser, visitor: Browser, clock: SetClock) -> None:
    """A guest is deleted after a day, so nothing makes one an administrator. An earlier one is spared."""
    visitor.submit("/", "/lab/guest")
    name = visitor.get("/test/me").json()["username"]
    page = page_of(admin, name)
    answer = admin.submit(page, f"{page}/role", role="admin")
    assert answer.status_code == 422
    assert "can't become an administrator" in unescape(answer.text)
    result = app.test_cli_runner().invoke(args=["users", "set-role", name, "admin"])
    assert (result.exit_code, result.output) == (1, "Error: a guest of the lab cannot become an administrator\n")
    assert visitor.get("/admin").status_code == 403
    execute(app, "UPDATE users SET role = 'admin' WHERE username = ?", name)
    clock.advance(DAY)
    assert app.test_cli_runner().invoke(args=["sessions", "purge"]).exit_code == 0
    assert query(app, "SELECT role FROM users WHERE username = ?", name) == [{"role": "admin"}]


def test_sessions_are_ended(app: Flask, admin: Browser, visitor: Browser) -> None:
    """An administrator ends all sessions of a user, and the audit log says who did."""
    name = visitor.sign_up()
    page = page_of(admin, name)
    assert admin.submit(page, f"{page}/sessions/revoke-all").status_code == 303
    assert visitor.get("/account").headers["location"] == "/login?next=%2Faccount&notice=admin"
    ended = [event for event in trail(app, "--user", name) if event["event"] == "session.revoked"]
    assert [event["detail"] for event in ended] == [{"by": "chief", "reason": "admin"}]


@pytest.mark.parametrize("act", ["disable", "role"])
def test_the_last_administrator_stays(app: Flask, admin: Browser, act: str) -> None:
    """422 with words, nothing changed; a disabled second administrator does not count."""
    other = Browser.of_app(app)
    promote(app, other.sign_up("deputy"))
    deputy = page_of(admin, "deputy")
    admin.submit(deputy, f"{deputy}/disable")
    chief = page_of(admin, "chief")
    answer = admin.submit(chief, f"{chief}/{act}", role="user")
    assert answer.status_code == 422
    assert "only active administrator" in answer.text
    assert admin.get("/admin").status_code == 200


def test_two_administrators_demote_each_other(server: Server) -> None:
    """At the same moment, ten times over: one is left each time."""
    first, second = server.browser(), server.browser()
    names = [first.sign_up(), second.sign_up()]
    others = [
        person["username"]
        for person in json.loads(run_command(server.settings, "users", "list", "--json").stdout)
        if person["role"] == "admin" and person["disabled_at"] is None
    ]
    for name in names:
        run_command(server.settings, "users", "set-role", name, "admin")
    for name in others:
        run_command(server.settings, "users", "set-role", name, "user")
    pages = [page_of(first, name) for name in names]
    for _ in range(10):
        acts = [
            (first, pages[1], first.read_form(pages[1], f"{pages[1]}/role").fields),
            (second, pages[0], second.read_form(pages[0], f"{pages[0]}/role").fields),
        ]

        def demote(number: int, acts: list[tuple[Browser, str, dict[str, str]]] = acts) -> int:
            browser, page, fields = acts[number]
            return browser.post(f"{page}/role", fields | {"role": "user"}).status_code

        codes = at_once(2, demote)
        allowed = [browser.get("/admin").status_code for browser in (first, second)]
        assert sorted(allowed) == [200, 403], codes
        left, gone = (first, 1) if allowed[0] == 200 else (second, 0)
        assert left.submit(pages[gone], f"{pages[gone]}/role", role="admin").status_code == 303
