"""A deletion meets a refresh, a login or a mail that is asked for: nothing of the account is left alive."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.sql import query

ROUNDS = 3
OWNED = ("auth_sessions", "mails", "totp_factors", "passkeys", "recovery_codes")
"""Tables whose rows belong to a person."""


def test_nothing_outlives_a_deletion(server: Server) -> None:
    """In each round six requests start at the same moment. In any order, no answer is an error of ours, and afterwards
    no token, no password and no row of the account is left, on both databases."""
    for _round in range(ROUNDS):
        race(server)


def race(server: Server) -> None:
    owner, other, newcomer = (server.browser() for _browser in range(3))
    name = owner.sign_up()
    other.log_in(name)
    with ApiClient.of_server(server.url) as program, ApiClient.of_server(server.url) as new_program:
        assert program.log_in(name).status_code == 200
        server.clock.advance(601)  # every access token is over
        owner.log_out()
        assert owner.log_in(name).status_code == 303
        (person,) = query(server, "SELECT id FROM users WHERE username = ?", name)
        tab = owner.another_tab()
        deletion = owner.read_form("/account/delete").fields | {"username": name, "current_password": PASSWORD}
        entry = newcomer.read_form("/login").fields | {"username": name, "password": PASSWORD}
        code = tab.read_form("/account/email", "/account/email/send").fields
        acts: list[Callable[[], int]] = [
            lambda: owner.post("/account/delete", deletion).status_code,
            lambda: opens(other),
            lambda: newcomer.post("/login", entry).status_code,
            lambda: program.ask_refresh().status_code,
            lambda: new_program.log_in(name).status_code,
            lambda: tab.post("/account/email/send", code).status_code,
        ]
        deleted, *others = at_once(len(acts), lambda number: acts[number]())
        assert deleted == 303
        assert max(others) < 500, others
        assert [opens(browser) for browser in (owner, other, newcomer, tab)] == [303] * 4
        assert [client.get("/me").status_code for client in (program, new_program)] == [401, 401]
        assert program.ask_refresh().status_code == 401
    assert query(server, "SELECT id FROM users WHERE id = ?", person["id"]) == []
    for table in OWNED:
        assert query(server, f"SELECT user_id FROM {table} WHERE user_id = ?", person["id"]) == [], table
    assert server.browser().log_in(name).status_code == 422


def opens(browser: Browser) -> int:
    return browser.get("/test/me").status_code
