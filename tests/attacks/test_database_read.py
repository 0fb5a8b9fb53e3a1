"""A stranger reads the whole database: a backup, an injection, a disk. Nothing in it opens an account."""

from __future__ import annotations

import base64
import re

from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox, link
from tests.support.mailbox import code as mailed
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, set_up
from webapp.core.base64url import encode_base64url


def everything(app: Flask) -> str:
    """All rows of all tables, as text."""
    tables = query(app, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return "\n".join(str(query(app, f'SELECT * FROM "{table["name"]}"')) for table in tables)


def test_no_secret_in_it(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """No password, token, seed, recovery code, mailed code or link, in any of the shapes they travel in."""
    address = f"{username}@example.com"
    api = ApiClient.of_app(app)
    api.log_in(username)
    person.submit("/account/email", "/account/email/send")
    digits = mailed(Outbox(app).newest(address))
    person.submit("/account/email", "/account/email/confirm", code=digits)
    secret, shown = set_up(person, clock())
    codes = codes_of(shown.text)
    half = Browser.of_app(app)
    half.log_in(username)
    assert half.submit("/login/second", recovery_code=codes[0]).status_code == 303
    Browser.of_app(app).submit("/reset", login=username)
    token = link(Outbox(app).newest(address)).rpartition(".")[2]
    assert len(codes) == 10
    told = [
        *(PASSWORD, digits, digits.replace(" ", ""), token),
        *(person.access, person.refresh, api.access, api.refresh, half.cookie("pending_login")),
        *(base64.b32encode(secret).decode(), encode_base64url(secret), secret.hex(), str(secret)[2:-1]),
        *(text for shown_ in codes for text in (shown_, shown_.replace("-", ""), shown_.replace("-", "")[1:])),
    ]
    dump = everything(app)
    assert username in dump
    assert "$argon2id$" in dump
    for text in told:
        assert text is None or text not in dump, text


def test_a_sealed_secret_in_another_row(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """A thief who may write as well puts the secret of an app of his into the owner's row. It does not open there."""
    for browser, name in ((person, username), (Browser.of_app(app), None)):
        name = name or browser.sign_up()
        execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
        secret, _shown = set_up(browser, clock())  # the last one: the thief's own
    (mine,) = query(app, "SELECT sealed FROM totp_factors t JOIN users u ON u.id = t.user_id WHERE username = ?", name)
    assert re.fullmatch(r"[\w-]+\.[\w-]+", mine["sealed"])
    execute(app, "UPDATE totp_factors SET sealed = ?", mine["sealed"])
    for whose, status in ((username, 422), (name, 303)):
        thief = Browser.of_app(app)
        thief.log_in(whose)
        assert thief.submit("/login/second", otp=code(secret, clock())).status_code == status
