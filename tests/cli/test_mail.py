"""`flask mail`: send what waits, list the outbox, try the mail server. And a site without mail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.mailbox import MailServer, Outbox
from tests.support.production import production
from webapp.core.mail import MailKind
from webapp.core.mail_route import read_mail_route
from webapp.services import services_of
from webapp.store import mails
from webapp.store.database import transact


def flask(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=["mail", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_send_and_list(app: Flask, clock: SetClock) -> None:
    """A round sends what waits; the list says of each mail what became of it, and shows no hash and no secret."""
    with app.app_context():
        transact(lambda tx: mails.queue(tx, MailKind.CODE, address="ada@example.com", language="en", now=clock()))
    assert [mail["state"] for mail in json.loads(flask(app, "list", "--json"))] == ["waiting"]
    flask(app, "send")
    (mail,) = json.loads(flask(app, "list", "--json"))
    assert (mail["state"], mail["kind"], mail["attempts"]) == ("sent", "code", 1)
    assert "argon2" not in json.dumps(mail)
    assert "sent" in flask(app, "list")
    assert len(Outbox(app).all()) == 1


def test_a_test_mail(app: Flask) -> None:
    """At once, and past the outbox."""
    settings = services_of(app).settings
    with MailServer() as server:
        route = read_mail_route(f"smtp://127.0.0.1:{server.port}")
        object.__setattr__(settings, "mail", settings.mail._replace(route=route))
        assert "took a test mail to ada@example.com" in flask(app, "test", "ada@example.com")
        (mail,) = server.got
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Test")


@pytest.mark.parametrize("settings", [{"WEBAPP_MAIL_URL": "off"}])
def test_a_site_without_mail(app: Flask, person: Browser) -> None:
    """No page asks for what a mail would be needed for, no link leads there, and the commands say why."""
    stranger = Browser.of_app(app)
    for path in ("/reset", "/outbox", "/account/email"):
        assert person.get(path).status_code == 404, path
        assert path not in person.get("/account").text
        assert path not in stranger.get("/login").text
    result = app.test_cli_runner().invoke(args=["mail", "send"])
    assert (result.exit_code, result.output) == (1, "Error: mail is off; set WEBAPP_MAIL_URL\n")


def test_the_outbox_is_for_development(app: Flask, visitor: Browser, tmp_path: Path) -> None:
    """In production nobody reads other people's mail on a page, wherever it goes."""
    assert visitor.get("/outbox").status_code == 200
    settings = production(tmp_path / "production", WEBAPP_MAIL_URL=f"file:{tmp_path}/outbox")
    browser = Browser.of_app(build_app(tmp_path / "production", settings), "https://localhost")
    assert browser.get("/outbox", headers={"X-Forwarded-Proto": "https"}).status_code == 404
