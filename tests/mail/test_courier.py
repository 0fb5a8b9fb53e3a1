"""A mail in the outbox is sent once, survives a mail server that is away, and is given up when it is too late."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection

from tests.support.clock import SetClock
from tests.support.mailbox import MailServer, Outbox, code, link, text
from tests.support.sql import database_file, execute, query, sqlite
from tests.support.trail import event_names, events
from webapp.core.mail import DAY, HOUR, MINUTE, MailKind, hash_link_secret
from webapp.core.mail_route import read_mail_route
from webapp.mail import courier, transport
from webapp.services import services_of
from webapp.store import mail_delivery, mails
from webapp.store.database import read, transact
from webapp.store.mails import MailRow


@pytest.fixture
def outbox(app: Flask) -> Outbox:
    return Outbox(app)


@pytest.fixture
def queue(app: Flask, clock: SetClock) -> Callable[..., str]:
    def queued(kind: MailKind = MailKind.TAKEN, address: str = "ada@example.com", **values: object) -> str:
        with app.app_context():
            mail_id = transact(
                lambda tx: mails.queue(tx, kind, address=address, language="en", now=clock(), **values)  # type: ignore[arg-type]
            )
        assert mail_id is not None
        return mail_id

    return queued


def row(app: Flask, mail_id: str) -> MailRow | None:
    with app.app_context():
        return read(lambda tx: mails.get(tx, mail_id))


def use_server(app: Flask, url: str) -> None:
    settings = services_of(app).settings
    object.__setattr__(settings, "mail", settings.mail._replace(route=read_mail_route(url)))


def test_a_mail_goes_out_once(app: Flask, outbox: Outbox, queue: Callable[..., str]) -> None:
    """A second round finds nothing to do."""
    queue()
    assert (courier.send_round(app), courier.send_round(app)) == (1, 0)
    (mail,) = outbox.all()
    assert (mail["To"], mail["Auto-Submitted"]) == ("ada@example.com", "auto-generated")
    assert mail.get_content_type() == "text/plain"


def test_a_mail_file_is_private(app: Flask, outbox: Outbox, queue: Callable[..., str]) -> None:
    """Only the owner of the process may read what opens accounts."""
    queue(MailKind.RESET)
    courier.send_round(app)
    (path,) = outbox.folder.glob("*.eml")
    assert (path.stat().st_mode & 0o777, outbox.folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_secret_is_made_when_it_is_sent(
    app: Flask, outbox: Outbox, queue: Callable[..., str], clock: SetClock
) -> None:
    """Nothing secret waits in the database, and waiting costs the link none of its thirty minutes."""
    mail_id = queue(MailKind.RESET)
    waiting = row(app, mail_id)
    assert waiting is not None
    assert waiting.secret_hash is None
    assert waiting.expires_at is None
    clock.advance(20 * MINUTE)
    courier.send_round(app)
    sent = row(app, mail_id)
    assert sent is not None
    assert sent.expires_at == clock() + 30 * MINUTE
    address = link(outbox.all()[0])
    named, _, secret = address.partition("token=")[2].partition(".")
    assert (named, hash_link_secret(secret)) == (mail_id, sent.secret_hash)
    assert secret not in str(sent)


def test_a_code_stands_in_the_subject(app: Flask, outbox: Outbox, queue: Callable[..., str]) -> None:
    """It is read on a phone's lock screen and typed elsewhere; the row keeps a slow hash of it."""
    mail_id = queue(MailKind.CODE)
    courier.send_round(app)
    sent = row(app, mail_id)
    assert sent is not None
    assert sent.secret_hash is not None
    assert sent.secret_hash.startswith("$argon2id$")
    assert len(code(outbox.all()[0])) == 9


def test_nobody_is_meant(app: Flask, outbox: Outbox, queue: Callable[..., str]) -> None:
    """A reset for an unknown name leaves a row that the courier deletes."""
    mail_id = queue(MailKind.RESET, address="")
    courier.send_round(app)
    assert (row(app, mail_id), outbox.all()) == (None, [])


def test_no_server(app: Flask, queue: Callable[..., str], clock: SetClock) -> None:
    """Refused connections lose nothing: pauses of 1, 2, 4 … minutes, then the mail arrives."""
    with MailServer() as gone:
        port = gone.port
    use_server(app, f"smtp://127.0.0.1:{port}")
    mail_id = queue()
    pauses = []
    for _attempt in range(4):
        courier.send_round(app)
        waiting = row(app, mail_id)
        assert waiting is not None
        assert waiting.due_at is not None
        pauses.append((waiting.due_at - clock()) // MINUTE)
        clock.set(waiting.due_at)
    assert pauses == [1, 2, 4, 8]
    with MailServer() as server:
        use_server(app, f"smtp://127.0.0.1:{server.port}")
        courier.send_round(app)
        assert [mail["To"] for mail in server.got] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("answer", "state"), [("451 later", "waiting"), ("550 no such mailbox", "failed")], ids=["451", "550"]
)
def test_a_refused_recipient(app: Flask, queue: Callable[..., str], answer: str, state: str) -> None:
    """4xx waits, 5xx is given up, and the next mail of the round goes out all the same."""
    with MailServer() as server:
        server.answers["bad@example.com"] = answer
        use_server(app, f"smtp://127.0.0.1:{server.port}")
        refused, fine = queue(address="bad@example.com"), queue(address="ada@example.com")
        courier.send_round(app)
    found = row(app, refused)
    assert found is not None
    assert (found.failed_at is not None) == (state == "failed")
    assert event_names(app) == (["mail.failed"] if state == "failed" else [])
    assert [mail["To"] for mail in server.got] == ["ada@example.com"]
    sent = row(app, fine)
    assert sent is not None
    assert sent.sent_at is not None


def test_an_unverified_certificate_sends_nothing(app: Flask, queue: Callable[..., str], tmp_path: Path) -> None:
    """A made-up certificate: no mail, no login, no fall-back to plain."""
    import ssl

    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    mail_id = queue()
    with MailServer(tls_context=context, require_starttls=True) as server:
        use_server(app, f"smtp+starttls://127.0.0.1:{server.port}")
        courier.send_round(app)
        assert server.got == []
        waiting = row(app, mail_id)
        assert waiting is not None
        assert waiting.due_at is not None
        trusted = (
            "import smtplib, ssl; s = smtplib.SMTP('localhost', %d); s.starttls(context=ssl.create_default_context())"
        )
        subprocess.run(  # the same certificate, named by SSL_CERT_FILE, is fine
            [sys.executable, "-c", trusted % server.port], env={"SSL_CERT_FILE": str(certificate)}, check=True
        )


@pytest.mark.parametrize(
    ("kind", "longest"), [(MailKind.RESET, HOUR), (MailKind.CODE, HOUR), (MailKind.PASSWORD, 3 * DAY)], ids=str
)
def test_a_mail_of_yesterday_is_given_up(
    app: Flask, outbox: Outbox, queue: Callable[..., str], clock: SetClock, kind: MailKind, longest: int
) -> None:
    """A mail with a secret waits for an hour at most, a notice for three days; the trail says why it was not sent."""
    early, late = queue(kind, address="early@example.com"), queue(kind)
    execute(app, "UPDATE mails SET created_at = created_at - 1 WHERE id = ?", early)
    clock.advance(longest)
    courier.send_round(app)
    assert [mail["To"] for mail in outbox.all()] == ["ada@example.com"]
    given_up, sent = row(app, early), row(app, late)
    assert given_up is not None
    assert sent is not None
    assert (given_up.failed_at, sent.sent_at) == (clock(), clock())
    assert [event["detail"] for event in events(app) if event["event"] == "mail.failed"] == [
        {"kind": kind.value, "why": "too_old"}
    ]


def test_a_mail_is_part_of_what_it_tells_of(app: Flask, queue: Callable[..., str], clock: SetClock) -> None:
    """Where the transaction fails, there is no mail and no courier is woken; after a commit there are both."""

    def fail(tx: Connection) -> None:
        mails.queue(tx, MailKind.PASSWORD, address="ada@example.com", language="en", now=clock())
        raise ValueError("what the mail would tell of cannot be done")

    mails.WAITING.clear()
    with app.app_context(), pytest.raises(ValueError, match="cannot be done"):
        transact(fail)
    assert (query(app, "SELECT id FROM mails"), mails.WAITING.is_set()) == ([], False)
    queue()
    assert (len(query(app, "SELECT id FROM mails")), mails.WAITING.is_set()) == (1, True)


def test_nothing_is_locked_while_a_mail_travels(
    app: Flask, queue: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow mail server keeps nobody waiting. A change is written meanwhile, and the hash is there already."""
    seen = []
    send = transport._Folder.send

    def look(folder: transport._Folder, message: EmailMessage) -> None:
        with sqlite(database_file(app), timeout=0) as connection:
            connection.execute("UPDATE mails SET detail = detail")
            seen.append(connection.execute("SELECT secret_hash, sent_at FROM mails").fetchall())
        send(folder, message)

    monkeypatch.setattr(transport._Folder, "send", look)
    queue(MailKind.RESET)
    courier.send_round(app)
    (((secret_hash, sent_at),),) = seen
    assert (len(secret_hash), sent_at) == (64, None)


def test_the_log_names_no_address(app: Flask, queue: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    """Of each mail its id, its kind and its result."""
    with caplog.at_level(logging.INFO, "webapp.mail"):
        mail_id = queue(MailKind.RESET)
        courier.send_round(app)
    (entry,) = [record.getMessage() for record in caplog.records if record.name == "webapp.mail"]
    for word in (mail_id, "reset", "sent"):
        assert word in entry
    assert "ada@" not in caplog.text
    assert "token=" not in caplog.text


def test_a_killed_couriers_mail(app: Flask, outbox: Outbox, queue: Callable[..., str], clock: SetClock) -> None:
    """A claim that was never finished is free again after two minutes, not before."""
    mail_id = queue()
    with app.app_context():
        assert transact(lambda tx: mail_delivery.claim(tx, mail_id, clock())) is not None
    clock.advance(119)
    assert courier.send_round(app) == 0
    clock.advance(2)
    assert courier.send_round(app) == 1
    assert len(outbox.all()) == 1


def test_eight_couriers(app: Flask, outbox: Outbox, queue: Callable[..., str]) -> None:
    """Thirty mails, eight couriers at once: thirty mails arrive."""
    for number in range(30):
        queue(address=f"p{number}@example.com")
    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(lambda _n: courier.send_round(app), range(8)))
    assert taken == 30
    assert sorted(str(mail["To"]) for mail in outbox.all()) == sorted(f"p{number}@example.com" for number in range(30))


def test_both_languages(app: Flask, outbox: Outbox, clock: SetClock) -> None:
    """A mail is written in the language of the account."""
    with app.app_context():
        for language in ("en", "ko"):
            transact(
                lambda tx, language=language: mails.queue(  # type: ignore[misc]
                    tx, MailKind.RESET, address=f"{language}@example.com", language=language, now=clock()
                )
            )
    courier.send_round(app)
    assert text(outbox.to("en@example.com")[0]).startswith("Open this link")
    assert text(outbox.to("ko@example.com")[0]).startswith("30분 안에")
