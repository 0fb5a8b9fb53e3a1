"""Passwords, tokens and keys are in no log line, no database column and no page. Canaries are looked for."""

from __future__ import annotations

import json

import pytest

from tests.support.browser import Browser
from tests.support.commands import run_command
from tests.support.guarded import GuardedServer, guarded_at
from tests.support.sql import database_file, execute, sqlite

CANARIES = ("canary password number one", "canary password number two", "canary password that is wrong")


@pytest.fixture(scope="module", params=["text", "json"])
def talkative(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A server that logs everything it can, in either format."""
    folder = tmp_path_factory.mktemp("talkative")
    with guarded_at(folder, WEBAPP_LOG_LEVEL="debug", WEBAPP_LOG_FORMAT=request.param) as server:
        yield server


def test_no_canary_is_found(talkative: GuardedServer) -> None:
    """Sign up, log in rightly and wrongly, refresh, reuse an old token, send garbage, break the database, change the
    password, create an account by command; then look for every secret in everything that was written."""
    server = talkative
    first, second, wrong = CANARIES
    browser = server.browser()
    pages: list[str] = []
    browser.http.event_hooks["response"].append(lambda answer: pages.append(answer.read().decode()))
    name = browser.sign_up(password=first)
    tokens = {browser.access, browser.refresh}
    old = browser.another_tab()
    for _ in range(2):
        server.clock.advance(601)
        browser.get("/account")
        tokens |= {browser.access, browser.refresh}
    browser.submit("/account/password", current_password=wrong, new_password=second)
    browser.submit("/account/password", current_password=first, new_password=second)
    tokens |= {browser.access, browser.refresh}
    old.get("/account")  # reuse of an old token
    odd = server.browser()
    odd.access, odd.refresh = f"{browser.access}x", browser.access
    odd.get("/account")
    odd.get("/", headers={"Cookie": f"refresh_token={browser.refresh}; refresh_token={browser.refresh}"})
    typed = server.browser()
    typed.log_in(first, wrong)  # the password in the wrong field
    typed.log_in(name, wrong)
    browser.post("/account/password", {"current_password": second, "new_password": first})  # no csrf_token: 403 page
    browser.get("/account/sessions")
    browser.get("/account/activity")
    run_command(server.settings, "users", "create", "canary", "canary@example.com", "--password-stdin", given=wrong)
    said = run_command(server.settings, "audit", "--json").stdout
    broken_database(server, browser)

    secrets = {*CANARIES, *(token for token in tokens if token), *keys(server)}
    secrets |= {token.rpartition(".")[2] for token in tokens if token}
    assert len(secrets) > 12
    log = server.log.read_text()
    assert "login.failed" in log
    assert "database unavailable" in log
    stored = dump(server)
    assert name in stored
    for where, text in {"log": log, "database": stored, "pages": "\n".join(pages), "audit": said}.items():
        assert [secret for secret in secrets if secret in text] == [], where


def broken_database(server: GuardedServer, browser: Browser) -> None:
    """A statement that fails: its error must not repeat the values that went into it."""
    execute(server, "ALTER TABLE security_events RENAME TO hidden_events")
    assert (
        server.browser().submit("/signup", username="broken", email="b@example.com", password=CANARIES[0]).status_code
        == 503
    )
    execute(server, "ALTER TABLE hidden_events RENAME TO security_events")


def keys(server: GuardedServer) -> set[str]:
    ring = json.loads((server.folder / "keys.json").read_text())
    return {key["k"] for key in ring["keys"]}


def dump(server: GuardedServer) -> str:
    with sqlite(database_file(server)) as connection:
        return "\n".join(connection.iterdump())
