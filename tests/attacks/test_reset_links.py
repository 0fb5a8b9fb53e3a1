"""Links for a forgotten password: who gets one, how often it works, and what it opens."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox, link, text
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.trail import event_names

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


def test_a_link_that_was_opened_in_between(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The page names one account, so it never changes another's password: it is shown again, with the other name."""
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
    assert sorted(statuses) == [303] + [422] * 23
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


def test_a_stranger_used_my_address(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The mailbox takes the account over: the stranger's password, session and API tokens are dead."""
    tokens = person.http.post("/api/v1/login", json={"username": username, "password": PASSWORD}).json()
    path = asked_link(app, stranger, f"{username}")
    assert choose(stranger, path) == 303
    assert person.get("/test/me").status_code == 303
    me = stranger.http.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.status_code == 401
    (row,) = query(app, "SELECT email_verified_at FROM users WHERE username = ?", username)
    assert row["email_verified_at"] is not None


def test_another_spelling_of_the_address(app: Flask, person: Browser, username: str, stranger: Browser) -> None:
    """The mail goes to the address that is stored."""
    ask(stranger, f"  {username.upper()}@EXAMPLE.com ")
    assert Outbox(app).newest(f"{username}@example.com")["To"] == f"{username}@example.com"


def test_the_texts_hold_nothing_of_the_persons_choosing(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """A name is no place for a message in our mails."""
    username = visitor.sign_up("see.evil.example")
    visitor.submit("/account", name="Your account is locked, see https://evil.example")
    ask(stranger, username)
    mail = Outbox(app).newest("see.evil.example@example.com")
    assert "locked" not in mail.as_string()
    assert "see.evil.example" not in text(mail)
