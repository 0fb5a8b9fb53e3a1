"""A deletion meets a refresh, a login, a step-up or a mail that is asked for: no part of the account is left alive."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.sql import execute, query

ROUNDS = 3
OWNED = ("auth_sessions", "mails", "totp_factors", "passkeys", "recovery_codes")
"""Tables whose rows belong to a person."""


def test_nothing_outlives_a_deletion(server: Server) -> None:
    """In each round nine requests start at the same moment. In any order, no answer is an error of ours, and
    afterwards no token, no password and no row of the account is left, on both databases."""
    for _round in range(ROUNDS):
        race(server)


def answered(act: Callable[[], int]) -> int:
    """The status of an act. 503: a machine with much to do kept the database waiting, nothing was changed, and it is
    done once more."""
    status = act()
    return act() if status == 503 else status


def race(server: Server) -> None:
    owner, other, prover, newcomer = (server.browser() for _browser in range(4))
    name = owner.sign_up()
    other.log_in(name)
    prover.log_in(name)
    with ApiClient.of_server(server.url) as program, ApiClient.of_server(server.url) as new_program:
        assert program.log_in(name).status_code == 200
        old = other.refresh
        for _rotation in range(2):
            server.clock.advance(601)
            assert opens(other) == 200
        execute(server, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)  # everything is told by mail
        server.clock.advance(601)  # every access token is over
        thief = server.browser()
        thief.refresh = old
        owner.log_out()
        assert owner.log_in(name).status_code == 303
        (person,) = query(server, "SELECT id FROM users WHERE username = ?", name)
        tab = owner.another_tab()
        deletion = owner.read_form("/account/delete").fields | {"username": name}
        proof = prover.read_form("/step-up").fields | {"password": PASSWORD}
        entry = newcomer.read_form("/login").fields | {"username": name, "password": PASSWORD}
        reset = newcomer.another_tab()
        forgotten = reset.read_form("/reset").fields | {"login": name}
        change = tab.read_form("/account/email").fields | {"email": f"{name}@example.org"}
        acts: list[Callable[[], int]] = [
            lambda: owner.post("/account/delete", deletion).status_code,
            lambda: opens(other),
            lambda: opens(thief),
            lambda: prover.post("/step-up", proof).status_code,
            lambda: newcomer.post("/login", entry).status_code,
            lambda: program.ask_refresh().status_code,
            lambda: new_program.log_in(name).status_code,
            lambda: tab.post("/account/email", change).status_code,
            lambda: reset.post("/reset", forgotten).status_code,
        ]
        deleted, *others = at_once(len(acts), lambda number: answered(acts[number]))
        assert deleted == 303
        assert max(others) < 500, others
        assert [opens(browser) for browser in (owner, other, thief, prover, newcomer, tab)] == [303] * 6
        assert [client.get("/me").status_code for client in (program, new_program)] == [401, 401]
        assert program.ask_refresh().status_code == 401
    assert query(server, "SELECT id FROM users WHERE id = ?", person["id"]) == []
    for table in OWNED:
        assert query(server, f"SELECT user_id FROM {table} WHERE user_id = ?", person["id"]) == [], table
    assert server.browser().log_in(name).status_code == 422


def opens(browser: Browser) -> int:
    return browser.get("/test/me").status_code
