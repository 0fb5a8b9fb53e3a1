"""Guessing passwords: many at once, by many spellings of one name, from many claimed addresses."""

from __future__ import annotations

import httpx
import pytest

from tests.support.browser import PASSWORD, Browser
from tests.support.commands import run_command
from tests.support.crowd import at_once
from tests.support.guarded import GuardedServer
from webapp.web.limits import LIMITS

WRONG = "not the right one"


def owner(server: GuardedServer) -> tuple[Browser, str]:
    """A user with an account, logged out."""
    browser = server.browser()
    name = browser.sign_up()
    browser.log_out()
    return browser, name


def stranger(server: GuardedServer, **headers: str) -> tuple[Browser, dict[str, str]]:
    """A browser without history, and the fields of its login form."""
    browser = server.browser()
    browser.http.headers.update(headers)
    return browser, browser.read_form("/login").fields


@pytest.mark.parametrize("kind", ["somebody", "nobody"])
def test_forty_parallel_guesses_run_ten_password_checks(guarded_server: GuardedServer, kind: str) -> None:
    """The count comes before the check, is one for all workers, and knows a name in each of its spellings."""
    _browser, name = owner(guarded_server)
    if kind == "nobody":
        name = f"no{name}"
    fullwidth = "".join(chr(ord(char) + 0xFEE0) for char in name)
    spellings = [name, name.upper(), f" {name} ", fullwidth, f"{name}\u200b"]
    strangers = [stranger(guarded_server) for _ in range(40)]
    before = guarded_server.hashes()

    def guess(number: int) -> httpx.Response:
        browser, fields = strangers[number]
        typed = spellings[number % len(spellings)]
        return browser.post("/login", fields | {"username": typed, "password": WRONG})

    answers = at_once(40, guess)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [422] * 10 + [429] * 30
    assert guarded_server.hashes() - before == 10
    refusal = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refusal.headers["retry-after"]) <= 900
    assert "Too many attempts" in refusal.text
    if kind == "somebody":
        guarded_server.clock.advance(901)
        browser, fields = strangers[0]
        assert browser.post("/login", fields | {"username": name, "password": PASSWORD}).status_code == 303


def test_sixty_guesses_an_address_and_claimed_addresses_are_not_believed(guarded: GuardedServer) -> None:
    """For whichever accounts; forwarded headers make no new address. The owner's own browser is not concerned,
    although it shares the address and its account is used up as well."""
    browser, name = owner(guarded)
    codes = []
    for number in range(62):
        claimed = f"198.51.100.{number}"
        guesser, fields = stranger(guarded, **{"X-Forwarded-For": claimed, "Forwarded": f"for={claimed}"})
        login = name if number < 10 else f"nobody{number}"
        codes.append(guesser.post("/login", fields | {"username": login, "password": WRONG}).status_code)
    assert codes == [422] * 60 + [429] * 2
    new, fields = stranger(guarded)
    assert new.post("/login", fields | {"username": name, "password": PASSWORD}).status_code == 429
    assert browser.log_in(name, WRONG).status_code == 422
    assert browser.log_in(name, PASSWORD).status_code == 303


def test_a_known_browser_has_ten_guesses_too(guarded: GuardedServer) -> None:
    """The cookie is no licence. A thief of the owner's browser guesses no faster."""
    browser, name = owner(guarded)
    fields = browser.read_form("/login").fields
    codes = [browser.post("/login", fields | {"username": name, "password": WRONG}).status_code for _ in range(12)]
    assert codes == [422] * 10 + [429] * 2


def test_the_mark_of_a_known_browser_is_bound_to_account_and_password(guarded: GuardedServer) -> None:
    """Used up by a stranger, the account stays closed to marks forged, another's, or older than its password."""
    browser, name = owner(guarded)
    mark = browser.cookie("known_browser") or ""
    for _ in range(10):
        guesser, fields = stranger(guarded)
        guesser.post("/login", fields | {"username": name, "password": WRONG})
    assert knock(guarded, name, mark) == 422
    assert knock(guarded, name, mark[:-2] + ("AA" if mark[-2:] != "AA" else "BB")) == 429
    assert knock(guarded, name, owner(guarded)[0].cookie("known_browser") or "") == 429
    browser.log_in(name)
    browser.submit("/account/password", current_password=PASSWORD, new_password="another fine sentence")
    assert knock(guarded, name, mark) == 429
    assert knock(guarded, name, browser.cookie("known_browser") or "") == 422


def knock(server: GuardedServer, name: str, mark: str) -> int:
    """Try a wrong password with the mark of a known browser; the status."""
    thief, fields = stranger(server)
    thief.set_cookie("known_browser", mark)
    return thief.post("/login", fields | {"username": name, "password": WRONG}).status_code


def test_right_passwords_are_not_counted(guarded: GuardedServer) -> None:
    """More right logins than the limit has tries: none refused, and no try lost."""
    _browser, name = owner(guarded)
    for _ in range(LIMITS["login_account"].amount + 3):
        visitor, fields = stranger(guarded)
        assert visitor.post("/login", fields | {"username": name, "password": PASSWORD}).status_code == 303
    visitor, fields = stranger(guarded)
    codes = [visitor.post("/login", fields | {"username": name, "password": WRONG}).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]


def test_unknown_and_wrong_look_the_same(guarded: GuardedServer) -> None:
    """Status, headers, body and hash computations: nothing tells a stranger whether there is such an account."""
    _browser, name = owner(guarded)
    disabled = owner(guarded)[1]
    run_command(guarded.settings, "users", "disable", disabled)
    seen = []
    for login, password in ((name, WRONG), (f"no{name}"[:32], WRONG), (disabled, PASSWORD)):
        visitor, fields = stranger(guarded)
        before = guarded.hashes()
        answer = visitor.post("/login", fields | {"username": login, "password": password})
        headers = {k: v for k, v in answer.headers.items() if k not in ("date", "x-request-id", "content-length")}
        cookies = headers.pop("set-cookie", "")
        body = answer.text.replace(login, "LOGIN").replace(fields["csrf_token"], "CSRF")
        computed = guarded.hashes() - before
        seen.append((answer.status_code, headers, cookies.partition("=")[0], without_tokens(body), computed))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == 422
    assert seen[0][4] == 1


def without_tokens(page: str) -> str:
    """The page without the form tokens, which differ in each answer."""
    parts = page.split('name="csrf_token" value="')
    return parts[0] + "".join(part.partition('"')[2] for part in parts[1:])


def test_sign_ups_from_one_address(guarded: GuardedServer) -> None:
    """20 an hour; the headers say how many are left; the 21st learns when to come back."""
    answers = []
    for _ in range(21):
        browser = guarded.browser()
        fields = browser.read_form("/signup").fields
        answers.append(browser.post("/signup", fields | {"username": "x"}))
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert [answers[i].headers["x-ratelimit-remaining"] for i in (0, 19)] == ["19", "0"]
    assert answers[0].headers["x-ratelimit-limit"] == "20"
    assert 3500 < int(answers[20].headers["retry-after"]) <= 3600
    json = guarded.browser()
    form = json.read_form("/signup").fields
    refusal = json.post("/signup", form, headers={"Accept": "application/json"})
    assert (refusal.status_code, refusal.json()["error"]) == (429, "too_many_requests")
