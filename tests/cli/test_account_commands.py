"""What operators do by hand: invite, hand a link over, confirm, delete, release a name; and the upkeep of mail."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox, link
from tests.support.sql import execute, query
from tests.support.totp import set_up
from tests.support.trail import event_names, events
from webapp.core.mail import MailKind
from webapp.flows import purge
from webapp.mail import courier
from webapp.store import mails
from webapp.store.database import transact

NEW = "another fine sentence"
DAY = 86_400
OFF = pytest.mark.parametrize("settings", [{"WEBAPP_MAIL_URL": "off"}], ids=["mail off"])


def flask(app: Flask, *arguments: str, given: str = "", code: int = 0) -> str:
    done = app.test_cli_runner().invoke(args=arguments, input=given)
    assert done.exit_code == code, done.output
    return str(done.output)


def choose_with(browser: Browser, printed: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:8000(/reset/open\?token=\S+)", printed)
    assert found, printed
    browser.get(found[1])
    page = browser.get("/reset/new")
    return page.status_code if page.status_code != 200 else browser.submit("/reset/new", new_password=NEW).status_code


def is_confirmed(app: Flask, username: str) -> bool:
    (row,) = query(app, "SELECT email_verified_at FROM users WHERE username = ?", username)
    return row["email_verified_at"] is not None


def test_who_makes_an_account_vouches_for_its_address(app: Flask) -> None:
    """It counts as confirmed, and the list says since when."""
    flask(app, "users", "create", "grace", "grace@example.com", "--password-stdin", given=PASSWORD)
    (listed,) = json.loads(flask(app, "users", "list", "--json"))
    assert listed["email_verified_at"] is not None


def test_the_list_says_who_has_a_second_step(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """Its kinds as a list in JSON, as words in the table; nobody's secret."""
    assert json.loads(flask(app, "users", "list", "--json"))[0]["factors"] == []
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    set_up(person, clock())
    assert json.loads(flask(app, "users", "list", "--json"))[0]["factors"] == ["totp"]
    assert re.search(r" user .* totp +-$", flask(app, "users", "list"), re.MULTILINE)


def test_an_invitation(app: Flask, visitor: Browser) -> None:
    """No password opens the account before the mail's link has chosen one; the link proves the address."""
    flask(app, "users", "create", "grace", "grace@example.com", "--invite", "--role", "admin")
    assert not is_confirmed(app, "grace")
    for guess in ("", "\0", PASSWORD):
        assert visitor.log_in("grace", guess).status_code == 422
    invitation = link(Outbox(app).newest("grace@example.com"))
    assert choose_with(visitor, invitation) == 303
    assert is_confirmed(app, "grace")
    assert visitor.log_in("grace", NEW).status_code == 303


@OFF
def test_an_invitation_without_mail(app: Flask, visitor: Browser) -> None:
    """The link is printed, for the operator to hand over; it works once and proves no mailbox."""
    printed = flask(app, "users", "create", "grace", "grace@example.com", "--invite")
    assert choose_with(visitor, printed) == 303
    assert choose_with(Browser.of_app(app), printed) == 422
    assert not is_confirmed(app, "grace")
    assert visitor.log_in("grace", NEW).status_code == 303


@OFF
def test_a_link_that_is_handed_over(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """Asking for one is not there without mail, its use is; it ends every session, and lasts half an hour."""
    assert Browser.of_app(app).get("/reset").status_code == 404
    late = flask(app, "users", "reset-link", username)
    clock.advance(1800)
    assert choose_with(Browser.of_app(app), late) == 422
    assert choose_with(Browser.of_app(app), flask(app, "users", "reset-link", username)) == 303
    assert person.get("/test/me").status_code == 303
    assert not is_confirmed(app, username)
    assert [event["detail"] for event in events(app) if event["event"] == "reset.asked"] == [{"by": "command line"}] * 2


def test_an_address_is_confirmed_by_hand(app: Flask, username: str) -> None:
    """Once, with an event that says by whom."""
    for _time in range(2):
        flask(app, "users", "confirm-email", username)
    assert is_confirmed(app, username)
    assert event_names(app, user=username).count("email.confirmed") == 1


def test_an_account_is_deleted_and_its_name_released(app: Flask, person: Browser, username: str) -> None:
    """The last administrator stays; the name is free only when an operator says so."""
    execute(app, "UPDATE users SET role = 'admin'")
    flask(app, "users", "delete", username, "--yes", code=1)
    execute(app, "UPDATE users SET role = 'user'")
    flask(app, "users", "delete", username, "--yes")
    assert person.get("/test/me").status_code == 303
    form = {"email": "next@example.com", "password": PASSWORD}
    assert Browser.of_app(app).submit("/signup", username=username, **form).status_code == 422
    flask(app, "users", "release", username.upper())
    assert Browser.of_app(app).submit("/signup", username=username, **form).status_code == 303
    assert "no deleted account" in flask(app, "users", "release", username, code=1)


def test_an_administrator_mails_a_link(app: Flask, person: Browser, username: str) -> None:
    """The link goes to another user only, the event says who asked, and no password changes by it."""
    execute(app, "UPDATE users SET role = 'admin'")
    other = Browser.of_app(app).sign_up()
    ids = {row["username"]: row["id"] for row in query(app, "SELECT id, username FROM users")}
    page = f"/admin/people/{ids[other]}"
    assert person.submit(page, f"{page}/send-reset").status_code == 303
    assert "Email confirmed" in person.get(page).text
    assert choose_with(Browser.of_app(app), link(Outbox(app).newest(f"{other}@example.com"))) == 303
    asked = next(event for event in events(app) if event["event"] == "reset.asked")
    assert asked["detail"] == {"by": ids[username]}
    own = f"/admin/people/{ids[username]}"
    token = person.read_form("/", "/logout").fields
    assert person.post(f"{own}/send-reset", token).status_code == 404
    assert "send-reset" not in person.get(own).text


def test_old_mails_are_swept(app: Flask, clock: SetClock) -> None:
    """A week after they were sent or given up; what waits stays."""

    def queue() -> None:
        transact(lambda tx: mails.queue(tx, MailKind.TAKEN, address="a@example.com", language="en", now=clock()))

    with app.app_context():
        queue()
        courier.send_round(app)
        clock.advance(7 * DAY)
        queue()
        assert purge.purge(clock()).mails == 0
        clock.advance(1)
        assert "1 mails" in flask(app, "sessions", "purge")
    assert len(query(app, "SELECT * FROM mails")) == 1


def test_what_waits_is_measured(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """How many mails, and for how long the oldest; a reset for nobody does not count."""
    visitor.submit("/reset", login="nobody")
    assert "tokenroom_mails_waiting 0.0" in visitor.get("/metrics").text
    with app.app_context():
        transact(lambda tx: mails.queue(tx, MailKind.TAKEN, address="a@example.com", language="en", now=clock()))
    clock.advance(1000)
    text = visitor.get("/metrics").text
    assert "tokenroom_mails_waiting 1.0" in text
    assert "tokenroom_oldest_mail_seconds 1000.0" in text


def test_doctor_looks_at_mail(app: Flask) -> None:
    """A server that is not there fails, and so does a mail that has waited for more than a quarter of an hour."""
    from webapp.cli import mail_checks
    from webapp.core.mail_route import read_mail_route
    from webapp.services import services_of

    chosen = services_of(app).settings.mail
    with app.app_context():
        assert [finding.grade for finding in mail_checks.mail(chosen)] == ["good"]
        gone = chosen._replace(route=read_mail_route("smtp://127.0.0.1:1"))
        assert [finding.grade for finding in mail_checks.mail(gone)] == ["failing"]
        assert [finding.grade for finding in mail_checks.mail(chosen._replace(route=read_mail_route("off")))] == [
            "warning"
        ]
        transact(lambda tx: mails.queue(tx, MailKind.TAKEN, address="a@example.com", language="en", now=1000))
        assert [finding.grade for finding in mail_checks.outbox(1000 + 900)] == ["good"]
        assert [finding.grade for finding in mail_checks.outbox(1000 + 901)] == ["failing"]
