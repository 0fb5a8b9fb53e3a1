"""Filling the disk through the audit trail: with junk tokens, with logins, and with time."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask

from tests.support.api import API
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.sql import database_file, execute, sqlite
from tests.support.trail import events
from webapp.flows import note_odd_tokens
from webapp.web.limits import LIMITS


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_RATE_LIMITS": "on"}


def written(app: Flask) -> Counter[str]:
    return Counter(event["event"] for event in events(app))


def test_sixty_logins_an_hour_by_whichever_door(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """Form and API share the account's count; the refusal is written once; an hour later it goes on."""
    name = visitor.sign_up()
    amount = LIMITS["logins"].amount
    body = {"username": name, "password": PASSWORD}
    stranger = Browser.of_app(app)
    codes = [stranger.http.post(f"{API}/login", json=body).status_code for _ in range(amount - 2)]
    assert codes == [200] * (amount - 2)
    people = [Browser.of_app(app) for _ in range(3)]
    assert [browser.log_in(name).status_code for browser in people] == [303, 303, 429]
    refusal = stranger.http.post(f"{API}/login", json=body | {"username": f"{name}@example.com"})
    assert refusal.status_code == 429
    assert 0 < int(refusal.headers["retry-after"]) <= 3600
    assert written(app)["login.succeeded"] == amount
    assert written(app)["login.limited"] == 1
    clock.advance(3600)
    assert stranger.http.post(f"{API}/login", json=body).status_code == 200


def test_junk_is_capped_for_all_workers_together(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """The count is in the database. A worker that has just started writes no more than the others."""
    for _ in range(note_odd_tokens.JUNK_PER_MINUTE // 2 + 5):
        visitor.access, visitor.refresh = "junk", "junk"
        visitor.get("/test/me")
        note_odd_tokens._junk_is_over.clear()
    assert written(app)["token.invalid"] == note_odd_tokens.JUNK_PER_MINUTE
    visitor.access, visitor.refresh = "junk", None
    visitor.get("/test/me")
    assert written(app)["token.invalid"] == note_odd_tokens.JUNK_PER_MINUTE
    clock.advance(60)
    visitor.access = "junk"
    visitor.get("/test/me")
    assert written(app)["token.invalid"] == note_odd_tokens.JUNK_PER_MINUTE + 1


def test_junk_never_hides_what_genuine_tokens_do(app: Flask, visitor: Browser) -> None:
    """A thief who mixes tokens of two sessions is seen, however much junk covers it; and one session hides no other."""
    person = Browser.of_app(app)
    person.sign_up()
    other = Browser.of_app(app)
    other.sign_up()
    for _ in range(note_odd_tokens.JUNK_PER_MINUTE + 1):
        visitor.access = "junk"
        visitor.get("/test/me")
    thief = Browser.of_app(app)
    for _ in range(note_odd_tokens.SIGNED_PER_HOUR + 2):
        thief.access, thief.refresh = person.access, other.refresh
        thief.get("/test/me")
    assert written(app)["token.pair_mismatch"] == note_odd_tokens.SIGNED_PER_HOUR
    thief.access, thief.refresh = other.access, person.refresh
    thief.get("/test/me")
    assert written(app)["token.pair_mismatch"] == note_odd_tokens.SIGNED_PER_HOUR + 1


def test_old_events_are_purged(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """`audit purge --kept-days N` deletes what is older, in batches, and nothing else."""
    visitor.sign_up()
    clock.advance(100 * 86400)
    later = Browser.of_app(app)
    later.sign_up()
    assert len(events(app)) == 4
    runner = app.test_cli_runner()
    assert runner.invoke(args=["audit", "purge", "--kept-days", "101"]).output == "Deleted: 0 events.\n"
    assert runner.invoke(args=["audit", "purge", "--kept-days", "99"]).output == "Deleted: 2 events.\n"
    assert [event["event"] for event in events(app)] == ["account.created", "session.started"]
    assert runner.invoke(args=["audit", "purge"]).exit_code == 2, "how many days are kept is nothing to guess"


def test_purging_takes_many_batches(app: Flask) -> None:
    """More events than one transaction deletes."""
    from webapp.flows.purge import BATCH, purge_events

    with sqlite(database_file(app)) as database:
        database.executemany(
            "INSERT INTO security_events (at, event, ip_address, detail) VALUES (?, 'x', '', '{}')",
            [(at,) for at in range(2 * BATCH + 7)],
        )
    with app.app_context():
        assert purge_events(10**9, kept=10**9 - BATCH - 3) == BATCH + 3


def test_no_field_of_the_trail_commands_the_terminal(app: Flask) -> None:
    """Names of users and addresses are others' text, and so may be texts of an older release."""
    evil = "\x1b[2J\x9b2J\u202eadmin\nlogin.succeeded"
    execute(
        app,
        "INSERT INTO security_events (at, event, sid, ip_address, detail) VALUES (1, ?, ?, ?, ?)",
        *(evil, evil, evil, '{"\\u001b[2J": "\\u009b2J\\u202e"}'),
    )
    for arguments in (["audit"], ["audit", "--json"]):
        output = app.test_cli_runner().invoke(args=arguments).output
        assert "login.succeeded" in output
        assert all(char.isprintable() or char == "\n" for char in output), arguments
    import json

    assert json.loads(output)[0]["event"] == evil
