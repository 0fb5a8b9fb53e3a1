"""What goes wrong between the outbox and the mail server: nothing is lost, and nothing goes out in the clear."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask

from tests.support.clock import SetClock
from tests.support.databases import drop_postgres_database, make_postgres_database, migrate, need, postgres_is_there
from tests.support.mailbox import MailServer, Outbox, code, link
from tests.support.server import ROOT
from tests.support.sql import execute, query
from tests.support.waiting import until
from webapp import create_app
from webapp.core.mail import MailKind
from webapp.core.mail_route import read_mail_route
from webapp.mail import courier, transport
from webapp.services import services_of
from webapp.store import mails
from webapp.store.database import db, transact

ADDRESS = "ada@example.com"


@pytest.fixture
def queue(app: Flask, clock: SetClock) -> Callable[..., str]:
    def queued(kind: MailKind = MailKind.TAKEN, address: str = ADDRESS) -> str:
        with app.app_context():
            mail_id = transact(lambda tx: mails.queue(tx, kind, address=address, language="en", now=clock()))
        assert mail_id is not None
        return mail_id

    return queued


def use_server(app: Flask, url: str) -> None:
    settings = services_of(app).settings
    object.__setattr__(settings, "mail", settings.mail._replace(route=read_mail_route(url)))


def state(app: Flask) -> str:
    """What became of the one mail there is."""
    (row,) = query(app, "SELECT sent_at, failed_at, due_at FROM mails")
    return "sent" if row["sent_at"] else "failed" if row["failed_at"] else "waiting"


def send_later(app: Flask, clock: SetClock) -> None:
    clock.advance(3600)
    courier.send_round(app)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_silent_server(
    app: Flask, queue: Callable[..., str], clock: SetClock, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The courier gives up after its patience; the mail waits, and arrives when the server speaks again."""
    monkeypatch.setattr(transport, "PATIENCE", 0.2)
    queue()
    use_server(app, f"smtp://127.0.0.1:{silent}")
    courier.send_round(app)
    assert state(app) == "waiting"
    with MailServer() as server:
        use_server(app, f"smtp://127.0.0.1:{server.port}")
        send_later(app, clock)
        assert [mail["To"] for mail in server.got] == [ADDRESS]
    assert state(app) == "sent"


def test_killed_after_the_mail_was_taken(app: Flask, queue: Callable[..., str], clock: SetClock) -> None:
    """The one case in which a mail comes twice: with the same Message-ID, and the newer link is the good one."""
    queue(MailKind.RESET)
    with MailServer() as server:
        use_server(app, f"smtp://127.0.0.1:{server.port}")
        courier.send_round(app)
        # What a killed courier leaves behind: taken by the server, not noted by us.
        execute(app, "UPDATE mails SET sent_at = NULL, due_at = ?, claimed_until = ?", clock(), clock() + 120)
        assert courier.send_round(app) == 0
        clock.advance(120)
        courier.send_round(app)
        first, second = server.got
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() != second.get_content()
    assert state(app) == "sent"


def test_a_server_that_hangs_up_in_the_middle(app: Flask, queue: Callable[..., str], clock: SetClock) -> None:
    """421 after the text: the mail waits."""
    queue()
    with MailServer() as server:
        server.after_data = "421 closing down"
        use_server(app, f"smtp://127.0.0.1:{server.port}")
        courier.send_round(app)
        assert state(app) == "waiting"
        server.after_data = None
        send_later(app, clock)
    assert state(app) == "sent"


def test_no_smtputf8(app: Flask, queue: Callable[..., str]) -> None:
    """A server that takes ASCII alone gets a domain in its ASCII form, and no name beyond it."""
    with MailServer(enable_SMTPUTF8=False) as server:
        use_server(app, f"smtp://127.0.0.1:{server.port}")
        queue(address="ada@bücher.example")
        courier.send_round(app)
        assert [mail["To"] for mail in server.got] == ["ada@xn--bcher-kva.example"]
        execute(app, "DELETE FROM mails")
        queue(address="jürgen@example.com")
        courier.send_round(app)
        assert len(server.got) == 1
    assert state(app) == "failed"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    made, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


@pytest.mark.parametrize(
    ("scheme", "named", "trusted", "expected"),
    [
        ("smtp+starttls", "localhost", True, "sent"),
        ("smtps", "localhost", True, "sent"),
        ("smtp+starttls", "localhost", False, "waiting"),
        ("smtps", "localhost", False, "waiting"),
        ("smtp+starttls", "mail.example.com", True, "waiting"),
    ],
    ids=["starttls", "smtps", "starttls, unknown authority", "smtps, unknown authority", "another host's"],
)
def test_certificates(
    app: Flask, queue: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    scheme: str, named: str, trusted: bool, expected: str,
) -> None:  # fmt: skip
    """Only a good one gets the mail and the password; a bad one sends nothing, and nothing goes out in the clear."""
    made, key = certificate(tmp_path, named)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    seen: list[tuple[bytes, bytes]] = []

    def check(_server: object, _session: object, _envelope: object, _method: str, given: LoginPassword) -> AuthResult:
        seen.append((given.login, given.password))
        return AuthResult(success=given.password == b"s3cret/")

    options: dict[str, object] = {"authenticator": check, "auth_required": True}
    if scheme == "smtps":
        options = {"authenticator": check, "ssl_context": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True}
    queue()
    with MailServer(**options) as server:
        use_server(app, f"{scheme}://post:s3cret%2F@localhost:{server.port}")
        courier.send_round(app)
        assert len(server.got) == (expected == "sent")
    assert state(app) == expected
    assert seen == ([(b"post", b"s3cret/")] if expected == "sent" else [])


def test_a_wrong_password(app: Flask, queue: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    """The mail waits for an operator to mend it, and the log repeats no password."""

    def refuse(*_arguments: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    queue()
    with MailServer(authenticator=refuse, auth_require_tls=False) as server:
        use_server(app, f"smtp://post:topsecret@127.0.0.1:{server.port}")
        courier.send_round(app)
        assert server.got == []
    assert state(app) == "waiting"
    assert "topsecret" not in caplog.text


COURIERS = """
import os, signal, sys, time
from webapp import create_app
from webapp import create_app
from webapp.core.mail import MailKind
from webapp.mail import courier, transport
from webapp.services import services_of
from webapp.store import mails
from webapp.store.database import DatabaseUnavailable, db, transact

now = 1_800_000_000
app = create_app()
services_of(app).clock = lambda: now
send, sent = transport._Folder.send, []

def fill(tx):
    for number in range(300):
        mails.queue(tx, MailKind.TAKEN, address=f"p{number}@example.com", language="en", now=now)

def die_of_the_second(folder, message):
    send(folder, message)
    sent.append(message)
    if len(sent) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

def work(rounds_without_work):
    while rounds_without_work:
        try:
            if not courier.send_round(app):
                rounds_without_work -= 1
                time.sleep(0.01)  # another process has work, not a clock that runs
        except DatabaseUnavailable:  # eight of them wait for each other: the next round goes on
            pass

with app.app_context():
    transact(fill)
    db.engine.dispose()
children = []
for number in range(8):
    if (child := os.fork()) == 0:
        if number < 2:
            transport._Folder.send = die_of_the_second
        work(300 if number < 2 else 1)
        os._exit(0)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
now += 121
work(1)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_eight_couriers_of_which_two_are_killed(kind: str, tmp_path: Path) -> None:
    """Three hundred mails, on both databases: all of them are sent."""
    settings = {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_MAIL_URL": f"file:{tmp_path}/outbox"}
    if kind == "postgres":
        need("PostgreSQL", there=postgres_is_there())
        settings["WEBAPP_DATABASE_URL"] = make_postgres_database()
    try:
        migrate(app := create_app(settings | {"WEBAPP_LOG_LEVEL": "error"}))
        environment = os.environ | settings | {"WEBAPP_LOG_LEVEL": "error"}
        done = subprocess.run(
            [sys.executable, "-c", COURIERS], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "[-9, -9, 0, 0, 0, 0, 0, 0]"
        assert query(app, "SELECT id FROM mails WHERE sent_at IS NULL") == []
        with app.app_context():
            db.engine.dispose()
    finally:
        if kind == "postgres":
            drop_postgres_database(settings["WEBAPP_DATABASE_URL"])
    outbox = Outbox(app)
    assert {str(mail["To"]) for mail in outbox.all()} == {f"p{number}@example.com" for number in range(300)}


HOST = """
import sys, time
from webapp import create_app
from webapp.mail import courier
from webapp.services import services_of

ahead = int(sys.argv[1])
courier.PAUSE = 0.05
app = create_app()
services_of(app).clock = lambda: int(time.time()) + ahead
courier.start(app)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def host(settings: dict[str, str], name: str, ahead: int) -> Iterator[subprocess.Popen[str]]:
    """A process with a folder, a courier and a clock of its own; its mails say in `From` which one it is."""
    environment = os.environ | settings | {"WEBAPP_LOG_LEVEL": "error", "WEBAPP_MAIL_FROM": f"{name}@example.com"}
    environment["WEBAPP_INSTANCE_PATH"] += f"/{name}"
    command = [sys.executable, "-c", HOST, str(ahead)]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_two_hosts_on_one_outbox(tmp_path: Path) -> None:
    """Two couriers that share nothing but the database, half a minute apart: each mail goes out once, and both work."""
    need("PostgreSQL", there=postgres_is_there())
    settings = {"WEBAPP_DATABASE_URL": make_postgres_database(), "WEBAPP_INSTANCE_PATH": str(tmp_path)}
    try:
        migrate(app := create_app(settings | {"WEBAPP_LOG_LEVEL": "error"}))
        with MailServer() as server:
            settings["WEBAPP_MAIL_URL"] = f"smtp://127.0.0.1:{server.port}"
            with host(settings, "first", 0), host(settings, "second", 30), app.app_context():
                for number in range(120):
                    address = f"p{number}@example.com"
                    now = int(time.time())
                    transact(lambda tx: mails.queue(tx, MailKind.TAKEN, address=address, language="en", now=now))  # noqa: B023
                until(lambda: not query(app, "SELECT id FROM mails WHERE sent_at IS NULL"), 60, "some mail waits")
        with app.app_context():
            db.engine.dispose()
    finally:
        drop_postgres_database(settings["WEBAPP_DATABASE_URL"])
    assert sorted(str(mail["To"]) for mail in server.got) == sorted(f"p{number}@example.com" for number in range(120))
    assert {str(mail["From"]) for mail in server.got} == {"first@example.com", "second@example.com"}


def test_a_stranger_reads_the_database(app: Flask, queue: Callable[..., str]) -> None:
    """No column contains a link or a code, of a mail that waits or was sent."""
    queue(MailKind.RESET)
    queue(MailKind.CODE)
    before = str(query(app, "SELECT * FROM mails"))
    courier.send_round(app)
    after = str(query(app, "SELECT * FROM mails"))
    reset, code_mail = sorted(Outbox(app).all(), key=lambda mail: "code" in str(mail["Subject"]))
    secret = link(reset).partition("token=")[2].partition(".")[2]
    typed = code(code_mail)
    for text in (secret, typed, typed.replace(" ", "")):
        assert text not in before
        assert text not in after
    assert "argon2id" in after
