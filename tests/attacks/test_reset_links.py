"""Links for a forgotten password: who gets one, how often it works, and what it opens."""

from __future__ import annotations

import socket
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox, code, link, text
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.totp import code as totp
from tests.support.totp import codes_of, set_up
from tests.support.trail import event_names
from webapp.mail import courier

NEW = "another perfectly fine sentence"
MINUTE = 60


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Another browser than the person's."""
    return Browser.of_app(app)


def path_of(url: str) -> str:
    return url.partition(":8000")[2] or "/" + url.split("/", 3)[3]


def ask(stranger: Browser, login: str) -> None:
    answer = stranger.submit("/reset", login=login)
    assert (answer.status_code, answer.headers["location"]) == (303, "/reset?notice=sent")


def asked_link(place: Flask | Server, stranger: Browser, username: str) -> str:
    """The path of a link that was asked for just now."""
    ask(stranger, username)
    return path_of(link(Outbox(place).newest(f"{username}@example.com")))


def choose(stranger: Browser, path: str, password: str = NEW) -> int:
    """Open the link and send the form; the status of the last answer."""
    opened = stranger.get(path)
    assert (opened.status_code, opened.headers["location"]) == (303, "/reset/new")
    page = stranger.get("/reset/new")
    if page.status_code != 200:
        return page.status_code
    return stranger.submit("/reset/new", new_password=password).status_code


def test_the_pages_lead_there(app: Flask, person: Browser, stranger: Browser) -> None:
    """The login page offers a link, and the pages of an account whose address is not confirmed ask for it."""
    assert 'href="/reset"' in stranger.get("/login").text
    for path in ("/", "/account", "/account/sessions"):
        assert 'href="/account/email">Confirm it now' in person.get(path).text
    execute(app, "UPDATE users SET email_verified_at = 1")
    for path in ("/", "/account", "/account/sessions"):
        assert "Confirm it now" not in person.get(path).text


def test_the_whole_way(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """Old password and sessions end, nobody is logged in by it, and the new password works."""
    path = asked_link(app, stranger, username)
    assert choose(stranger, path) == 303
    assert stranger.get("/test/me").status_code == 303
    assert person.get("/test/me").status_code == 303
    assert stranger.log_in(username, PASSWORD).status_code == 422
    assert stranger.log_in(username, NEW).status_code == 303
    names = event_names(app, user=username)
    assert names.count("reset.asked") == names.count("password.reset") == 1
    outbox, address = Outbox(app), f"{username}@example.com"
    outbox.newest(address)
    (notice,) = [mail for mail in outbox.to(address) if mail["Subject"] == "Your password was changed"]
    assert "token" not in text(notice)


def test_a_scanner_uses_nothing_up(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """Twenty visits of another browser, HEAD and GET, of link and form: the link works all the same."""
    path = asked_link(app, stranger, username)
    scanner = Browser.of_app(app)
    for _visit in range(20):
        scanner.http.head(path)
        scanner.get(path)
        page = scanner.get("/reset/new")
        secret = path.partition("token=")[2]
        assert page.status_code == 200
        assert secret not in page.text
        assert secret not in str(page.url)
    assert choose(stranger, path) == 303


def test_twice(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The second use finds a link that is no longer good."""
    path = asked_link(app, stranger, username)
    assert choose(stranger, path) == 303
    assert choose(Browser.of_app(app), path, "and yet another sentence") == 422


def test_a_weak_password_uses_nothing_up(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The form says what is wrong, and the same link takes a better one."""
    path = asked_link(app, stranger, username)
    assert choose(stranger, path, "password") == 422
    assert choose(stranger, path) == 303


@pytest.mark.parametrize(("seconds", "status"), [(30 * MINUTE - 1, 303), (30 * MINUTE, 422)], ids=["in time", "late"])
def test_thirty_minutes(
    app: Flask, person: Browser, username: str, stranger: Browser, clock: SetClock, seconds: int, status: int
) -> None:
    """Counted from the moment of sending."""
    path = asked_link(app, stranger, username)
    clock.advance(seconds)
    assert choose(stranger, path) == status


def test_a_newer_link_kills_it(app: Flask, person: Browser, username: str, stranger: Browser, clock: SetClock) -> None:
    """Only the newest link that was sent counts."""
    old = asked_link(app, stranger, username)
    clock.advance(1)
    new = asked_link(app, stranger, username)
    assert old != new
    assert choose(stranger, old) == 422
    assert choose(stranger, new) == 303


def test_a_changed_password_kills_it(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """A link that was asked for before the change is worth nothing after it."""
    path = asked_link(app, stranger, username)
    person.submit("/account/password", current_password=PASSWORD, new_password="a third perfectly fine sentence")
    assert choose(stranger, path) == 422


def test_a_first_factor_kills_it(
    app: Flask, person: Browser, username: str, stranger: Browser, clock: SetClock
) -> None:
    """An earlier link is dead; a new one changes the password alone: no session, no factor removed, no code used."""
    execute(app, "UPDATE users SET email_verified_at = 1")
    old = asked_link(app, stranger, username)
    secret, shown = set_up(person, clock())
    assert choose(stranger, old) == 422
    clock.advance(30)
    assert choose(stranger, asked_link(app, stranger, username)) == 303
    assert (stranger.access, query(app, "SELECT COUNT(*) AS n FROM auth_sessions WHERE revoked_at IS NULL")) == (
        None,
        [{"n": 0}],
    )
    assert stranger.log_in(username, NEW).headers["location"] == "/login/second"
    assert query(app, "SELECT COUNT(*) AS n FROM recovery_codes WHERE used_at IS NULL") == [{"n": 10}]
    assert stranger.submit("/login/second", otp=totp(secret, clock())).headers["location"] == "/"
    other = Browser.of_app(app)
    other.log_in(username, NEW)
    assert other.submit("/login/second", recovery_code=codes_of(shown.text)[3]).headers["location"] == "/"


def test_three_an_hour(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """By name and by address together an account gets three mails an hour; the page says the same every time."""
    for number in range(6):
        ask(Browser.of_app(app), username if number % 2 else f"{username}@example.com")
        clock.advance(60)
    Outbox(app).newest(f"{username}@example.com")
    assert len(Outbox(app).all()) == 3
    clock.advance(3601)
    ask(Browser.of_app(app), username)
    Outbox(app).newest(f"{username}@example.com")
    assert len(Outbox(app).all()) == 4


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on"}])
def test_twenty_an_hour_from_one_address(app: Flask, stranger: Browser) -> None:
    """A stranger who asks for everybody's link is refused, whichever names there are."""
    statuses = [stranger.submit("/reset", login=f"somebody{number}").status_code for number in range(21)]
    assert statuses == [303] * 20 + [429]


def test_a_link_that_was_opened_in_between(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The page names one account, so it never changes another's password. It is shown again, with the other name."""
    assert stranger.submit("/reset", login=username).status_code == 303
    stranger.get(link(Outbox(app).newest(f"{username}@example.com")))
    form = stranger.read_form("/reset/new")
    other = Browser.of_app(app).sign_up()
    assert stranger.submit("/reset", login=other).status_code == 303
    stranger.get(link(Outbox(app).newest(f"{other}@example.com")))
    answer = stranger.post("/reset/new", form.fields | {"new_password": "another fine sentence"})
    assert answer.status_code == 422
    assert other in answer.text
    assert "another fine sentence" not in answer.text
    for name in (username, other):
        assert Browser.of_app(app).log_in(name).status_code == 303


@pytest.mark.parametrize(
    "bend",
    [
        lambda path, other: path[:-1] + ("A" if path[-1] != "A" else "B"),
        lambda path, other: other.partition(".")[0] + "." + path.rpartition(".")[2],
        lambda path, other: path.partition(".")[0] + ".",
        lambda path, other: path.partition("token=")[0] + "token=",
        lambda path, other: path.partition("?")[0],
        lambda path, other: path + "x" * 3000,
        lambda path, other: path.partition("token=")[0] + "token=%00%FF",
    ],
    ids=["another secret", "another mail's id", "no secret", "empty", "no token", "3 kB more", "NUL"],
)  # fmt: skip
def test_bent_links(app: Flask, person: Browser, username: str, stranger: Browser, bend: object) -> None:
    """Nothing but the mailed text opens the form."""
    other = Browser.of_app(app)
    other_path = asked_link(app, stranger, other.sign_up())
    path = asked_link(app, stranger, username)
    assert choose(stranger, bend(path, other_path)) == 422  # type: ignore[operator]
    assert stranger.log_in(username, PASSWORD).status_code == 303


def test_twenty_four_at_once(server: Server) -> None:
    """One wins, on both databases."""
    owner = server.browser()
    username = owner.sign_up()
    path = asked_link(server, server.browser(), username)
    tabs = [server.browser() for _ in range(24)]
    forms = []
    for tab in tabs:
        tab.get(path)
        forms.append(tab.read_form("/reset/new").fields)
    statuses = at_once(
        24, lambda n: tabs[n].post("/reset/new", forms[n] | {"new_password": f"the sentence of tab {n}"}).status_code
    )
    assert set(statuses) <= {303, 422, 503}
    assert statuses.count(303) == 1
    winner = statuses.index(303)
    assert server.browser().log_in(username, f"the sentence of tab {winner}").status_code == 303
    assert event_names(server, user=username).count("password.reset") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4", "Forwarded": "host=evil.example"},
        {"X-Original-URL": "http://evil.example/reset"},
    ],
    ids=lambda headers: "+".join(headers),
)
def test_a_poisoned_request(
    app: Flask, person: Browser, username: str, stranger: Browser, headers: dict[str, str]
) -> None:
    """The link is PUBLIC_URL's whatever the request says, or the request is refused."""
    form = stranger.read_form("/reset")
    answer = stranger.post("/reset", form.fields | {"login": username}, headers=headers)
    if answer.status_code == 400:
        return
    assert answer.status_code == 303
    mail = Outbox(app).newest(f"{username}@example.com")
    assert link(mail).startswith("http://127.0.0.1:8000/reset/open?token=")
    assert "evil" not in mail.as_string()


def test_an_absolute_request_line(sqlite_server: Server) -> None:
    """`POST http://evil.example/reset` (RFC 9112 section 3.2.2) is refused, or the link is ours all the same."""
    owner = sqlite_server.browser()
    username = owner.sign_up()
    asker = sqlite_server.browser()
    body = urlencode(asker.read_form("/reset").fields | {"login": username})
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in asker.http.cookies.jar)
    with socket.create_connection(("127.0.0.1", sqlite_server.port), timeout=10) as wire:
        wire.sendall(
            f"POST http://evil.example/reset HTTP/1.1\r\nHost: 127.0.0.1:{sqlite_server.port}\r\n"
            f"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookies}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        status = wire.makefile("rb").readline().split()[1]
    if status == b"303":
        mail = Outbox(sqlite_server).newest(f"{username}@example.com")
        assert link(mail).startswith(f"{sqlite_server.url}/reset/open?token=")
        assert "evil" not in mail.as_string()
    else:
        assert status in (b"400", b"404")


def test_a_stranger_used_my_address(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The mailbox takes the account over. The stranger's password, session and API tokens are dead, and so is a change
    of address that the stranger began; no factor could be enrolled without the mailbox."""
    assert 'name="sealed"' not in person.get("/account/factors/totp", follow_redirects=True).text
    person.submit("/account/email", email="thief@example.net")
    late = code(Outbox(app).newest("thief@example.net"))
    fields = person.read_form("/account/email", "/account/email/confirm").fields | {"code": late}
    tokens = person.http.post("/api/v1/login", json={"username": username, "password": PASSWORD}).json()
    path = asked_link(app, stranger, f"{username}")
    assert choose(stranger, path) == 303
    assert person.post("/account/email/confirm", fields).status_code == 303
    assert person.get("/test/me").status_code == 303
    me = stranger.http.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.status_code == 401
    (row,) = query(app, "SELECT email, email_verified_at FROM users WHERE username = ?", username)
    assert row["email"] == f"{username}@example.com"
    assert row["email_verified_at"] is not None
    stranger.log_in(username, NEW)
    fields = stranger.read_form("/account/email").fields | {"code": late}
    assert stranger.post("/account/email/confirm", fields).status_code == 422
    assert query(app, "SELECT email FROM users WHERE username = ?", username) == [{"email": row["email"]}]


def test_another_spelling_of_the_address(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The mail goes to the address that is stored."""
    ask(stranger, f"  {username.upper()}@EXAMPLE.com ")
    assert Outbox(app).newest(f"{username}@example.com")["To"] == f"{username}@example.com"


@pytest.mark.parametrize(
    "typed", ["kımı@example.com", "\u212aimi@example.com", "kimi@ex\u0430mple.com", "kimi@EXAMPLE.COM."]
)
def test_a_spelling_that_may_be_another_mailbox(app: Flask, visitor: Browser, stranger: Browser, typed: str) -> None:
    """A dotless i, a Kelvin sign, a Cyrillic letter: no mail ever goes to the address that was typed."""
    visitor.submit("/signup", username="kimi", email="kimi@example.com", name="", password=PASSWORD)
    ask(stranger, typed)
    courier.send_round(app)
    assert {str(mail["To"]) for mail in Outbox(app).all()} <= {"kimi@example.com"}


def test_the_texts_hold_nothing_of_the_persons_choosing(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """A name is no place for a message in our mails."""
    username = visitor.sign_up("see.evil.example")
    visitor.submit("/account", name="Your account is locked, see https://evil.example")
    ask(stranger, username)
    mail = Outbox(app).newest("see.evil.example@example.com")
    assert "locked" not in mail.as_string()
    assert "see.evil.example" not in text(mail)
