"""Codes that confirm an address, changes of address, and who can take an account over by them."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox, code, text
from tests.support.server import Server
from tests.support.sql import query
from tests.support.trail import event_names
from webapp.flows import confirm_address

MINUTE = 60


def confirm(person: Browser, typed: str) -> int:
    form = person.read_form("/account", "/logout")
    return person.post("/account/email/confirm", {"csrf_token": form.fields["csrf_token"], "code": typed}).status_code


def ask_code(place: Flask | Server, person: Browser, username: str) -> str:
    assert person.submit("/account/email", "/account/email/send").status_code == 303
    return code(Outbox(place).newest(f"{username}@example.com"))


def ask_change(person: Browser, new: str) -> int:
    return person.submit("/account/email", email=new).status_code


def address_of(place: Flask | Server, username: str) -> tuple[str, bool]:
    (row,) = query(place, "SELECT email, email_verified_at FROM users WHERE username = ?", username)
    return row["email"], row["email_verified_at"] is not None


def test_an_address_is_confirmed(app: Flask, person: Browser, username: str) -> None:
    """By the code of the mail, in any grouping."""
    typed = ask_code(app, person, username)
    assert confirm(person, f" {typed.replace(' ', '-')} ") == 303
    assert address_of(app, username) == (f"{username}@example.com", True)
    assert "email.confirmed" in event_names(app, user=username)


def test_five_wrong_codes(app: Flask, person: Browser, username: str) -> None:
    """The right one is refused after them."""
    typed = ask_code(app, person, username)
    wrong = "0000 0000" if typed != "0000 0000" else "1111 1111"
    assert [confirm(person, wrong) for _try in range(5)] == [422] * 5
    assert confirm(person, typed) == 422
    assert not address_of(app, username)[1]


def test_only_a_code_that_is_due_costs_a_hash(
    app: Flask, person: Browser, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mailed code has five tries, however many are typed, because a hash takes 19 MB and 25 ms (CWE-770)."""
    hashed = []
    real = confirm_address.verify_password
    monkeypatch.setattr(confirm_address, "verify_password", lambda *what: (hashed.append(1), real(*what))[1])
    assert [confirm(person, "0000 0000") for _try in range(3)] == [422] * 3
    assert hashed == []
    ask_code(app, person, username)
    assert {confirm(person, "0000 0000") for _try in range(8)} == {422}
    assert len(hashed) == 5


@pytest.mark.parametrize("typed", ["", "1234", "123456789", "abcdefgh", "١٢٣٤٥٦٧٨", "1234567\0", "1" * 5000])
def test_what_is_no_code(app: Flask, person: Browser, username: str, typed: str) -> None:
    """Wrong, and no error."""
    ask_code(app, person, username)
    assert confirm(person, typed) == 422


def test_a_code_is_good_for_thirty_minutes_and_once(
    app: Flask, person: Browser, username: str, clock: SetClock
) -> None:
    """Late and used codes are refused."""
    late = ask_code(app, person, username)
    clock.advance(30 * MINUTE)
    assert confirm(person, late) == 422
    typed = ask_code(app, person, username)
    assert confirm(person, typed) == 303
    token = person.read_form("/account", "/logout").fields
    token = person.read_form("/account", "/logout").fields
    assert person.post("/account/email/confirm", token | {"code": typed}).status_code == 422


def test_twenty_four_wrong_codes_at_once(server: Server) -> None:
    """Five are compared, on both databases; the right one is dead after them."""
    person = server.browser()
    username = person.sign_up()
    typed = ask_code(server, person, username)
    wrong = "0000 0000" if typed != "0000 0000" else "1111 1111"
    fields = person.read_form("/account/email", "/account/email/confirm").fields
    tabs = [person.another_tab() for _ in range(24)]
    statuses = at_once(24, lambda n: tabs[n].post("/account/email/confirm", fields | {"code": wrong}).status_code)
    assert set(statuses) <= {422, 503}  # 503, because a busy machine has no time for so many hashes at once
    for _try in range(max(5 - statuses.count(422), 0)):
        assert confirm(person, wrong) == 422
    (mail,) = query(server, "SELECT tries FROM mails WHERE kind = 'code' AND address = ?", f"{username}@example.com")
    assert mail["tries"] == 5
    assert confirm(person, typed) == 422


def test_the_address_changes_when_the_new_one_is_proved(app: Flask, person: Browser, username: str) -> None:
    """The old one stays until then; afterwards other sessions end and this one goes on."""
    confirm(person, ask_code(app, person, username))
    other = Browser.of_app(app)
    other.log_in(username)
    assert ask_change(person, "new@example.org") == 303
    assert address_of(app, username)[0] == f"{username}@example.com"
    outbox = Outbox(app)
    assert outbox.newest(f"{username}@example.com")["Subject"] == "Your email address is about to change"
    assert confirm(person, code(outbox.newest("new@example.org"))) == 303
    assert address_of(app, username) == ("new@example.org", True)
    assert "new@example.org" in person.get("/account").text
    assert other.get("/test/me").status_code == 303
    for address in (f"{username}@example.com", "new@example.org"):
        assert outbox.newest(address)["Subject"] == "Your email address was changed"
    person.access = None
    assert person.get("/test/me").json()["username"] == username


def test_a_reset_link_of_the_old_mailbox_is_dead(app: Flask, person: Browser, username: str) -> None:
    """A code or link that was on its way when the address changed opens nothing."""
    stranger = Browser.of_app(app)
    stranger.submit("/reset", login=username)
    old = Outbox(app).newest(f"{username}@example.com")
    ask_change(person, "new@example.org")
    assert confirm(person, code(Outbox(app).newest("new@example.org"))) == 303
    stranger.get("/reset/open?token=" + text(old).partition("token=")[2].split()[0])
    assert stranger.get("/reset/new").status_code == 422


def test_an_address_that_another_user_confirmed(app: Flask, person: Browser, username: str) -> None:
    """It gets a word instead of a code, and the page says the same as ever."""
    owner = Browser.of_app(app)
    owned = owner.sign_up()
    confirm(owner, ask_code(app, owner, owned))
    taken = person.submit("/account/email", email=f"{owned}@example.com")
    free = person.submit("/account/email", email="free@example.org")
    assert (taken.status_code, taken.headers["location"]) == (free.status_code, free.headers["location"])
    subjects = [mail["Subject"] for mail in sent_to(app, f"{owned}@example.com")]
    assert subjects[-1] == "This address already has an account"


def sent_to(app: Flask, address: str) -> list[object]:
    outbox = Outbox(app)
    outbox.newest(address)
    return outbox.to(address)  # type: ignore[return-value]


def test_two_accounts_race_for_one_address(app: Flask, person: Browser, username: str) -> None:
    """Both were sent a code; the unique index decides, and the loser is told."""
    other = Browser.of_app(app)
    other.sign_up()
    ask_change(person, "wanted@example.org")
    first = code(Outbox(app).newest("wanted@example.org"))
    ask_change(other, "wanted@example.org")
    Outbox(app).newest("wanted@example.org")
    second = next(c for c in map(code, Outbox(app).to("wanted@example.org")) if c != first)
    assert confirm(person, first) == 303
    assert confirm(other, second) == 422


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on"}])
def test_many_accounts_cannot_fill_a_mailbox(app: Flask) -> None:
    """Ten mails an hour to one address, in whatever spelling and by however many accounts; other addresses go on."""
    answers = []
    for number in range(4):
        browser = Browser.of_app(app)
        browser.sign_up()
        answers += [ask_change(browser, f"{'Victim' if number % 2 else 'victim'}@example.com") for _try in range(3)]
    assert answers == [303] * 10 + [429] * 2
    browser = Browser.of_app(app)
    browser.sign_up()
    assert ask_change(browser, "somebody.else@example.com") == 303


def test_a_stale_session_cannot_change_the_address(app: Flask, person: Browser, clock: SetClock) -> None:
    """A stolen session cannot move the account to another mailbox, because it is asked for the password first."""
    form = person.read_form("/account/email")
    clock.advance(601)
    answer = person.post("/account/email", form.fields | {"email": "thief@example.org"})
    assert answer.headers["location"] == "/step-up?next=%2Faccount%2Femail"
    assert query(app, "SELECT * FROM mails") == []


def test_a_person_without_a_confirmed_address_gets_no_notices(app: Flask, person: Browser, username: str) -> None:
    """A stranger who owns the mailbox must not read about a user's devices."""
    person.submit("/account/password", current_password=PASSWORD, new_password="another fine sentence")
    assert query(app, "SELECT * FROM mails") == []
