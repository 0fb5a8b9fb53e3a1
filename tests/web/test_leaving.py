"""Taking the own data along, and deleting the account."""

from __future__ import annotations

import json
import logging

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox, code
from tests.support.sql import execute, query
from tests.support.trail import events
from webapp.core.ceremony import NewPasskey
from webapp.flows.client import Client
from webapp.flows.export_account import export_account
from webapp.store import factors, passkeys
from webapp.store.database import transact


def delete(person: Browser, username: str) -> int:
    return person.submit("/account/delete", username=username).status_code


def test_an_account_is_deleted(app: Flask, person: Browser, username: str) -> None:
    """Sessions on all devices are dead, the password opens nothing, and the trail does not keep its name."""
    other = Browser.of_app(app)
    other.log_in(username)
    tokens = other.http.post("/api/v1/login", json={"username": username, "password": PASSWORD}).json()
    assert delete(person, username.upper()) == 303
    assert (person.access, person.refresh) == (None, None)
    assert other.get("/test/me").status_code == 303
    me = other.http.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.status_code == 401
    assert query(app, "SELECT * FROM auth_sessions") == []
    last = events(app)[-1]
    assert last["event"] == "account.deleted"
    assert username not in json.dumps(last)
    assert Browser.of_app(app).log_in(username).status_code == 422


def test_an_account_whose_session_the_lab_watches(
    person: Browser, username: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is deleted like any other, and the log tells of no fault, because there is nothing left to keep the request
    under."""
    person.get("/lab")
    assert delete(person, username) == 303
    assert [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING] == []


def test_the_name_is_never_given_out_again(app: Flask, person: Browser, username: str) -> None:
    """Nobody can pass for the person who left. The address is free at once."""
    delete(person, username)
    newcomer = Browser.of_app(app)
    form = newcomer.read_form("/signup")
    fields = form.fields | {"email": f"{username}@example.com", "password": PASSWORD}
    assert newcomer.post("/signup", fields | {"username": username.upper()}).status_code == 422
    assert newcomer.post("/signup", fields | {"username": "somebody.else"}).status_code == 303


def test_what_is_refused(app: Flask, person: Browser, username: str) -> None:
    """Another name, the last administrator."""
    assert delete(person, "somebody") == 422
    execute(app, "UPDATE users SET role = 'admin'")
    assert delete(person, username) == 422
    assert person.get("/test/me").status_code == 200


def test_the_export_holds_no_secret(app: Flask, person: Browser, username: str) -> None:
    """Everything that is kept, but for hashes, jtis and tokens."""
    answer = person.submit("/account/delete", "/account/export")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{username}.json"'
    document = answer.json()
    assert document["profile"]["username"] == username
    assert [session["id"] for session in document["sessions"]] == [person.sid]
    (row,) = query(app, "SELECT password_hash FROM users")
    (session,) = query(app, "SELECT refresh_jti FROM auth_sessions")
    for secret in (row["password_hash"], session["refresh_jti"], "argon2", "hash", "jti"):
        assert secret not in answer.text


def test_the_export_holds_factors_and_mails(app: Flask, person: Browser, username: str) -> None:
    """Kind, name and dates of each; the secrets of both are in the database and not in the document."""
    (owner,) = query(app, "SELECT id FROM users")
    made = NewPasskey("id-of-the-credential", b"public key", 0, "internal", backed_up=True)
    with app.app_context():
        transact(lambda tx: factors.add_app(tx, owner["id"], "kid.sealed-seed", 1, 7))
        transact(lambda tx: factors.set_codes(tx, owner["id"], ["$argon2id$of-a-code"]))
        transact(lambda tx: passkeys.add(tx, owner["id"], made, rp_id="localhost", name="My phone", now=8))
    person.submit("/account/email", "/account/email/send")
    mailed = code(Outbox(app).newest(f"{username}@example.com"))
    answer = person.submit("/account/delete", "/account/export")
    document = answer.json()
    assert document["factors"] == [
        {"kind": "totp", "name": "", "created_at": 7, "last_used_at": 7},
        {"kind": "passkey", "name": "My phone", "created_at": 8, "last_used_at": None},
    ]
    (mail,) = document["mails"]
    assert (mail["kind"], mail["address"]) == ("code", f"{username}@example.com")
    assert mail["sent_at"] is not None
    (row,) = query(app, "SELECT id, secret_hash FROM mails")
    for secret in ("sealed-seed", "argon2", "public key", made.credential_id, row["id"], row["secret_hash"], mailed):
        assert str(secret) not in answer.text


def test_the_export_is_bounded(app: Flask, person: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of each list; the document says how many there can be, and which list was longer."""
    monkeypatch.setattr("webapp.flows.export_account.AT_MOST", {"sessions": 1, "events": 2, "mails": 3})
    other = Browser.of_app(app)
    other.log_in(person.get("/test/me").json()["username"])
    person.submit("/account/email", "/account/email/send")
    document = person.submit("/account/delete", "/account/export").json()
    assert document["at_most"] == {"sessions": 1, "events": 2, "mails": 3}
    assert document["older_left_out"] == ["sessions", "events"]
    assert [len(document[name]) for name in ("sessions", "events", "mails")] == [1, 2, 1]
    assert document["events"][0]["event"] == "session.started"


def test_a_stale_session_carries_nothing_off(person: Browser, username: str, clock: SetClock) -> None:
    """Neither export nor deletion: both forms lead to the proof and back to their page."""
    forms = [person.read_form("/account/delete", action) for action in ("/account/export", "/account/delete")]
    clock.advance(601)
    for form in forms:
        answer = person.post(form.action, form.fields | {"username": username})
        assert answer.headers["location"] == "/step-up?next=%2Faccount%2Fdelete"
    assert person.get("/test/me").status_code == 200


def test_an_account_that_is_gone_has_nothing_to_export(app: Flask) -> None:
    """Deleted in another tab between the request's judgement and the document: no error of ours."""
    with app.app_context():
        assert export_account("f" * 32, "s" * 32, client=Client("", ""), now=1) is None
