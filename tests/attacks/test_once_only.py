"""What counts once, sent 24 times at the same moment: set-ups of an authenticator app, and a mailed code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import FormReader
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox
from tests.support.mailbox import code as mailed
from tests.support.server import CHEAP_HASHING, Server
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, secret_of
from tests.support.trail import event_names

APPS = "SELECT user_id FROM totp_factors t JOIN users u ON u.id = t.user_id WHERE username = ?"
SESSIONS = (
    "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = s.user_id"
    " WHERE username = ? AND revoked_at IS NULL AND s.credential_epoch = u.credential_epoch"
)


def test_set_ups_on_the_account_pages(server: Server) -> None:
    """One app and one set of codes, which is the one that was shown, and it lets its owner in."""
    owner = server.browser()
    name = owner.sign_up()
    execute(server, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    page = owner.get("/account/factors/totp").text
    form = next(form for form in FormReader(page).forms if form.action == "/account/factors/totp")
    fields = form.fields | {"otp": code(secret_of(page), server.clock())}
    tabs = [owner.another_tab() for _ in range(24)]
    answers = at_once(24, lambda n: tabs[n].post("/account/factors/totp", fields))
    assert {answer.status_code for answer in answers} <= {200, 303, 422, 503}
    (shown,) = (codes_of(answer.text) for answer in answers if answer.status_code == 200)
    assert len(query(server, APPS, name)) == 1
    assert event_names(server, user=name).count("factor.added") == 1
    stranger = server.browser()
    stranger.log_in(name)
    assert stranger.submit("/login/second", recovery_code=shown[5]).status_code == 303


def test_a_mailed_code(server: Server) -> None:
    """The address is confirmed once, and the trail says so once."""
    owner = server.browser()
    name = owner.sign_up()
    owner.submit("/account/email", "/account/email/send")
    fields = owner.read_form("/account/email", "/account/email/confirm").fields
    typed = fields | {"code": mailed(Outbox(server).newest(f"{name}@example.com"))}
    tabs = [owner.another_tab() for _ in range(24)]
    answers = at_once(24, lambda n: tabs[n].post("/account/email/confirm", typed).status_code)
    assert set(answers) <= {303, 403, 422, 503}
    assert 303 in answers
    assert event_names(server, user=name).count("email.confirmed") == 1


@pytest.fixture(params=["sqlite", "postgres"])
def demanding(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server where administrators need a factor, on each database in turn."""
    address = request.getfixturevalue("migrated_postgres") if request.param == "postgres" else None
    settings = {"WEBAPP_MFA_REQUIRED": "admin", **CHEAP_HASHING}
    with Server(tmp_path / "demanding", address, workers=3, settings=settings) as server:
        yield server


def test_set_ups_at_the_login(demanding: Server) -> None:
    """One app, one session, one answer that shows codes."""
    server = demanding
    boss = server.browser()
    name = boss.sign_up()
    execute(server, "UPDATE users SET role = 'admin', email_verified_at = 1 WHERE username = ?", name)
    boss.log_in(name)
    boss.submit("/login/address", code=mailed(Outbox(server).newest(f"{name}@example.com")))
    page = boss.get("/login/enrol").text
    form = next(form for form in FormReader(page).forms if form.action == "/login/enrol")
    fields = form.fields | {"otp": code(secret_of(page), server.clock())}
    tabs = [boss.another_tab() for _ in range(24)]
    answers = at_once(24, lambda n: tabs[n].post("/login/enrol", fields))
    assert {answer.status_code for answer in answers} <= {200, 303, 422, 503}
    (shown,) = (codes_of(answer.text) for answer in answers if answer.status_code == 200)
    assert len(shown) == 10
    assert len(query(server, APPS, name)) == 1
    assert len(query(server, SESSIONS, name)) == 1
