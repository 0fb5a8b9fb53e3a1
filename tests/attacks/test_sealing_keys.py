"""The key that seals authenticator apps: missing, replaced while people log in, taken away too early."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.commands import run_command
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox
from tests.support.mailbox import code as mailed
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, set_up
from webapp.store.key_file import KeyFile

CONFIRM = "UPDATE users SET email_verified_at = 1 WHERE username = ?"
OFF = "Authenticator apps are off on this site"


def take_key_away(app: Flask) -> None:
    """As with a restored database whose keys.json is another one."""
    path = Path(app.instance_path) / "keys.json"
    ring = json.loads(path.read_text())
    ring["keys"] = [key for key in ring["keys"] if key["purpose"] != "factors"]
    path.write_text(json.dumps(ring))
    os.utime(path, ns=(1, 1))


@pytest.fixture
def owner(app: Flask, person: Browser, username: str, clock: SetClock) -> tuple[bytes, list[str]]:
    """The secret and the recovery codes of a person with an authenticator app, on a ring that lost its key."""
    execute(app, CONFIRM, username)
    secret, shown = set_up(person, clock())
    take_key_away(app)
    return secret, codes_of(shown.text)


def test_without_a_key_nobody_sets_an_app_up(app: Flask, visitor: Browser, username: str, clock: SetClock) -> None:
    """The pages say so; a form of before is answered with 422, and no row is written."""
    execute(app, CONFIRM, username)
    form = visitor.read_form("/account/factors/totp")
    take_key_away(app)
    assert OFF in visitor.get("/account/factors").text
    assert OFF in visitor.get("/account/factors/totp").text
    late = visitor.post("/account/factors/totp", form.fields | {"otp": "123456"})
    assert late.status_code == 422
    assert query(app, "SELECT * FROM totp_factors") == []


def test_without_a_key_the_password_does_not_suffice(
    app: Flask, owner: tuple[bytes, list[str]], username: str, clock: SetClock
) -> None:
    """Codes of the app are wrong on the website and in the API; recovery codes still let their owner in."""
    secret, codes = owner
    half = Browser.of_app(app)
    assert half.log_in(username).headers["location"] == "/login/second"
    assert half.submit("/login/second", otp=code(secret, clock())).status_code == 422
    with ApiClient.of_app(app) as api:
        body = {"username": username, "password": PASSWORD}
        refused = api.http.post("/api/v1/login", json=body | {"otp": code(secret, clock())})
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")
        assert api.http.post("/api/v1/login", json=body | {"recovery_code": codes[0]}).status_code == 200
    assert half.submit("/login/second", recovery_code=codes[1]).status_code == 303
    assert half.get("/account/factors").status_code == 200


class TestDemanded:
    """Where administrators need a factor."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_MFA_REQUIRED": "admin"}

    def test_the_step_says_why_it_cannot_be_taken(self, app: Flask, person: Browser, username: str) -> None:
        """Nobody gets past it, and nothing is 500."""
        execute(app, "UPDATE users SET role = 'admin', email_verified_at = 1 WHERE username = ?", username)
        take_key_away(app)
        admin = Browser.of_app(app)
        admin.log_in(username)
        admin.submit("/login/address", code=mailed(Outbox(app).newest(f"{username}@example.com")))
        assert OFF in admin.get("/login/enrol").text
        fields = admin.read_form("/login").fields
        forced = admin.post("/login/enrol", {"csrf_token": fields["csrf_token"], "sealed": "x", "otp": "123456"})
        assert forced.status_code == 422
        assert not admin.access


def test_replaced_while_people_log_in(server: Server) -> None:
    """Rotation, resealing and the old key's end: each login meanwhile works, on four workers and both databases.

    Between rotation and resealing the old key is refused, because secrets still need it.
    """
    people = []
    for _ in range(3):
        owner = server.browser()
        name = owner.sign_up()
        execute(server, CONFIRM, name)
        people.append((name, set_up(owner, server.clock())[0]))
    before = KeyFile(server.folder / "keys.json").read().sealing_key
    assert before is not None

    def log_in(person: tuple[str, bytes], step: int) -> int:
        name, secret = person
        browser = server.browser()
        browser.log_in(name)
        return browser.submit("/login/second", otp=code(secret, server.clock(), step)).status_code

    def reseal() -> int:
        return run_command(server.settings, "factors", "reseal").returncode

    run_command(server.settings, "keys", "rotate", "--purpose", "factors")
    refused = run_command(server.settings, "keys", "retire", before.kid, fails=True)
    assert "factors reseal" in refused.stderr
    assert at_once(4, lambda n: log_in(people[n], 0) if n < 3 else reseal()) == [303] * 3 + [0]
    reseal()
    assert query(server, "SELECT user_id FROM totp_factors WHERE sealed LIKE ?", f"{before.kid}.%") == []
    run_command(server.settings, "keys", "retire", before.kid)
    assert [log_in(person, 1) for person in people] == [303] * 3
