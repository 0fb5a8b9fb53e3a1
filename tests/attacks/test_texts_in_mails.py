"""An attacker puts a message into a name or a user agent, so that our mails carry it to other users."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.mailbox import Outbox
from tests.support.sql import execute
from webapp.mail import courier

MESSAGE = "EVIL"
TEXTS = {
    "a header": f"x\r\nBcc: {MESSAGE}@example.net\r\n\r\n{MESSAGE}",
    "an address": f"https://{MESSAGE}.example/login",
    "a sentence": f"Your account is locked {MESSAGE}/1.0",
    "a program": f"{MESSAGE}/1.0",
    "a browser": f"Mozilla/5.0 ({MESSAGE} 1.0) {MESSAGE}/5.0 (KHTML, like Gecko) {MESSAGE}Browser/1.0 Chrome/140.0.0.0",
    "8 kB": MESSAGE * 2000,
}


def mails(app: Flask) -> list[str]:
    """Every mail as it goes out, decoded, headers included."""
    courier.send_round(app)
    return [f"{mail.items()} {mail.get_content()}" for mail in Outbox(app).all()]


def every_notice(app: Flask, person: Browser, username: str) -> None:
    """Do all that a mail tells of: reset, new device, code, new password, new address, deletion."""
    execute(app, "UPDATE users SET email_verified_at = NULL")
    person.submit("/account/email", "/account/email/send")
    person.submit("/account/email", email="new@example.org")
    Browser.of_app(app).submit("/reset", login=username)
    execute(app, "UPDATE users SET email_verified_at = 1")
    person.submit("/account/password", current_password=PASSWORD, new_password="another fine sentence")
    person.submit("/account/email", email="third@example.org")
    courier.send_round(app)  # the mails of a deleted account are deleted with it
    person.submit("/account/delete", username=username)


def test_a_display_name(app: Flask, person: Browser, username: str) -> None:
    """No mail has any of it."""
    person.submit("/account", name=f"Your account is locked, see https://{MESSAGE}.example {MESSAGE}/1.0")
    every_notice(app, person, username)
    sent = mails(app)
    assert len(sent) >= 6
    assert not [mail for mail in sent if MESSAGE in mail]


def test_user_agents_of_programs(app: Flask, username: str) -> None:
    """Each is a device that nobody has seen before, and none of them is quoted."""
    execute(app, "UPDATE users SET email_verified_at = 1")
    with ApiClient.of_app(app) as client:
        for text in TEXTS.values():
            client.http.headers["User-Agent"] = text.replace("\r\n", " ")
            assert client.log_in(username).status_code == 200
    sent = mails(app)
    assert len(sent) == 5  # of six: five a day
    assert not [mail for mail in sent if MESSAGE in mail]


def test_a_user_agent_of_a_browser(app: Flask, person: Browser, username: str) -> None:
    """The other notices don't quote it either."""
    person.http.headers["User-Agent"] = TEXTS["a browser"]
    every_notice(app, person, username)
    sent = mails(app)
    assert len(sent) >= 6
    assert not [mail for mail in sent if MESSAGE in mail]


def test_a_user_name(app: Flask, visitor: Browser) -> None:
    """Names like `see.evil.example` are allowed, and stand in no mail to an address that nobody has confirmed."""
    username = visitor.sign_up(f"see.{MESSAGE}.example")
    execute(app, "UPDATE users SET email = 'victim@example.com', email_key = 'victim@example.com'")
    visitor.submit("/account/email", "/account/email/send")
    Browser.of_app(app).submit("/reset", login=username)
    sent = mails(app)
    assert len(sent) == 2
    assert not [mail for mail in sent if MESSAGE in mail]


@pytest.mark.parametrize(
    "address",
    ["victim@example.com\r\nBcc: EVIL@example.net", "victim@example.com,EVIL@example.net", "<EVIL> victim@example.com"],
)
def test_an_address_with_more_in_it(app: Flask, person: Browser, address: str) -> None:
    """It is no address: nothing is queued, and nobody else is written to."""
    answer = person.submit("/account/email", email=address)
    assert answer.status_code == 422
    assert mails(app) == []
