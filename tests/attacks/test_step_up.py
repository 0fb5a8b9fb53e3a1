"""A thief with a copy of the owner's tokens, made before the owner proved who they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import Browser, cookies_set, read_parts
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.forge import Forger
from tests.support.mailbox import Outbox
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.totp import code, set_up
from tests.support.trail import event_names
from webapp.services import services_of

DELETE = "/account/delete"
ASKED = "/step-up?next=%2Faccount%2Fdelete"
ALIVE = "SELECT s.* FROM auth_sessions s JOIN users u ON u.id = s.user_id WHERE u.username = ? AND revoked_at IS NULL"


def is_fresh(browser: Browser) -> bool:
    """Whether a page that matters opens; a browser that is asked is still logged in."""
    answer = browser.get(DELETE)
    assert answer.status_code == 200 or answer.headers["location"] == ASKED, answer.headers
    return answer.status_code == 200


def copy_of(owner: Browser, *, access: bool = True) -> Browser:
    thief = owner.another_tab()
    if not access:
        thief.access = None
    return thief


def forger_of(app: Flask, owner: Browser) -> Forger:
    """Knows the keys and the owner's tokens."""
    assert owner.access
    assert owner.refresh
    return Forger(services_of(app).tokens.ring, "http://127.0.0.1:8000", owner.access, owner.refresh)


@pytest.fixture
def owner(person: Browser, clock: SetClock) -> Browser:
    """Logged in long ago, with a pair that was reissued and confirmed just now."""
    clock.advance(601)
    for _ in range(2):
        assert person.get("/account").status_code == 200
    return person


def test_a_copy_whose_access_token_still_counts(owner: Browser, clock: SetClock) -> None:
    """The row was proved; the copy's access token was not, however it comes."""
    thief = copy_of(owner)
    clock.advance(71)
    assert owner.prove().status_code == 303
    assert is_fresh(owner)
    assert not is_fresh(thief)
    thief.refresh = None
    assert not is_fresh(thief)


def redeliver(owner: Browser, clock: SetClock) -> str:
    """The copy comes before the owner has used the successor."""
    return "same refresh again"


def fork(owner: Browser, clock: SetClock) -> str:
    """The same, later than the burst."""
    clock.advance(4)
    return "another refresh"


def access_only(owner: Browser, clock: SetClock) -> str:
    """The copy comes after it."""
    owner.get("/account")
    return "in grace"


@pytest.mark.parametrize("keeps_access", [True, False])
@pytest.mark.parametrize("happens", [redeliver, fork, access_only])
def test_a_copy_that_gets_new_tokens(
    owner: Browser, clock: SetClock, happens: Callable[[Browser, SetClock], str], keeps_access: bool
) -> None:
    """REDELIVER, a fork, ACCESS_ONLY: the copy gets a token as old as the one it presents, or as the session."""
    thief, proof = copy_of(owner, access=keeps_access), owner.proof()
    clock.advance(601 if keeps_access else 71)  # with it, both access tokens have expired
    before = owner.refresh
    assert owner.post("/step-up", proof).status_code == 303
    assert owner.refresh != before
    words = happens(owner, clock)
    answer = thief.get("/test/me")
    assert words in str(answer.headers["server-timing"])
    assert thief.access
    assert not is_fresh(thief)
    if happens is not fork:  # else the owner's successor is the abandoned one by now, and its token counts as expired
        assert is_fresh(owner)


@pytest.mark.parametrize("keeps_access", [True, False])
def test_a_copy_that_rotates(app: Flask, owner: Browser, clock: SetClock, keeps_access: bool) -> None:
    """ROTATE: a step-up moments after a confirmation leaves the refresh token, so the copy's is still current."""
    thief = copy_of(owner, access=False)
    if keeps_access:
        thief.access = forger_of(app, owner).claims("access", iat=clock() - 601, exp=clock() - 1)  # it has expired
    assert "refresh_token" not in cookies_set(owner.prove())
    answer = thief.get("/test/me")
    assert "refresh_token" in cookies_set(answer)
    assert not is_fresh(thief)


class TestCase3:
    """A refresh token that ends before the access token beside it."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_REFRESH_TOKEN_TTL": "300", "WEBAPP_STEP_UP_TTL": "60"}

    def test_a_copy_that_renews(self, person: Browser, clock: SetClock) -> None:
        """RENEW, and the rotation after it: the copy's proof is the login's, long ago."""
        person.get("/account")
        clock.advance(65)
        thief = copy_of(person)
        assert "refresh_token" not in cookies_set(person.prove())
        clock.advance(236)
        answer = thief.get("/test/me")
        assert "case 3: refresh reissued" in str(answer.headers["server-timing"])
        assert person.prove().status_code == 303
        assert is_fresh(person)
        assert not is_fresh(thief)
        thief.access = None
        assert thief.get("/test/me").status_code == 200
        assert not is_fresh(thief)

    def test_the_owner_steps_up_with_an_expired_refresh_token(self, person: Browser, clock: SetClock) -> None:
        """Case 3 within a step-up: both tokens come, and both are the owner's next ones."""
        proof = person.proof()
        clock.advance(301)
        assert set(cookies_set(person.post("/step-up", proof))) == {"access_token", "refresh_token"}
        assert is_fresh(person)
        clock.advance(290)
        assert person.get("/test/me").status_code == 200


def test_a_copy_at_the_api(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """`POST /api/v1/refresh` hands the copy tokens that are as stale as those it sends."""
    owner = ApiClient.of_app(app)
    owner.log_in(username)
    clock.advance(601)
    thief = ApiClient.of_app(app)
    thief.access, thief.refresh = owner.access, owner.refresh
    owner.do_refresh()
    owner.take(owner.send("POST", "/step-up", json={"password": "a perfectly fine sentence"}))
    other = f"/sessions/{person.sid}"
    thief.do_refresh()
    assert thief.send("DELETE", other).json()["error"] == "insufficient_user_authentication"
    assert owner.send("DELETE", other).status_code == 204


def test_an_auth_time_that_was_forged_with_the_real_key(app: Flask, owner: Browser, clock: SetClock) -> None:
    """The row knows when it was proved, so a leaked key alone lifts nobody, nor do the tokens that inherit from it."""
    forger = forger_of(app, owner)
    for claimed in (clock(), clock() + 50, clock() + 5000, 2**53):
        thief = copy_of(owner)
        thief.access = forger.claims("access", auth_time=claimed)
        assert not is_fresh(thief)
    for claimed in (-1, "1", None, ..., True, 1.5, 2**53 + 1):
        thief.access = forger.claims("access", auth_time=claimed)
        assert not is_fresh(thief)
    thief.access = forger.claims("access", auth_time=clock(), iat=clock() - 600, exp=clock())  # it has expired
    assert thief.get("/test/me").status_code == 200
    assert read_parts(thief.access)[1]["auth_time"] == clock()  # inherited, as it was presented
    assert not is_fresh(thief)


def test_a_lost_answer(owner: Browser, clock: SetClock, app: Flask) -> None:
    """Not fresh, asked again, logged in all the same; the second proof succeeds."""
    clock.advance(71)
    before = owner.access, owner.refresh
    assert owner.prove().status_code == 303
    owner.access, owner.refresh = before
    assert not is_fresh(owner)
    clock.advance(4)
    assert owner.prove().status_code == 303  # a fork: the first successor's answer has been lost
    owner.access, owner.refresh = before
    assert not is_fresh(owner)
    assert owner.prove().status_code == 303
    assert is_fresh(owner)
    clock.advance(601)
    assert owner.get("/test/me").status_code == 200
    assert "refresh.reused" not in event_names(app)


def test_without_a_refresh_token_nothing_is_prolonged(owner: Browser, clock: SetClock) -> None:
    """A browser that lost it gets a fresh access token that ends when the one before would have ended."""
    ends = read_parts(owner.access or "")[1]["exp"]
    clock.advance(100)
    owner.refresh = None
    assert set(cookies_set(owner.prove())) == {"access_token"}
    assert read_parts(owner.access or "")[1]["exp"] == ends
    assert is_fresh(owner)
    clock.advance(500)
    assert owner.get("/test/me").status_code == 303


def test_a_session_that_ended_during_the_proof(
    app: Flask, person: Browser, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended, or another password meanwhile: nothing is handed out, and the row stays ended."""
    from webapp.flows import step_up

    real = step_up.pass_step_up
    for change in ("UPDATE auth_sessions SET revoked_at = 1", "UPDATE users SET credential_epoch = 7"):
        browser = Browser.of_app(app)
        browser.log_in(username)

        def changed(*what: object, change: str = change, **more: object) -> object:
            execute(app, change)
            return real(*what, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(step_up, "pass_step_up", changed)
        answer = browser.prove()
        assert "access_token=" not in str(cookies_set(answer))
        assert browser.get("/test/me").status_code == 303
    assert "step_up.passed" not in event_names(app)


def test_a_factor_that_came_during_the_proof(
    app: Flask, person: Browser, username: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password alone was proved, and by now that is not enough, because the epoch has moved."""
    from webapp.flows import step_up

    real = step_up.pass_step_up
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    tab = person.another_tab()
    token = person.read_form("/", "/logout").fields

    def changed(*what: object, **more: object) -> object:
        monkeypatch.setattr(step_up, "pass_step_up", real)
        set_up(tab, clock())
        return real(*what, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(step_up, "pass_step_up", changed)
    answer = person.post("/step-up", token | {"password": "a perfectly fine sentence", "next": "/"})
    assert cookies_set(answer) == {}
    assert "step_up.passed" not in event_names(app)


def test_eight_tabs_at_once(server: Server) -> None:
    """Four workers, both databases: all are fresh, one rotation, and nobody is judged a thief."""
    owner = server.browser()
    name = owner.sign_up()
    owner.get("/test/me")
    server.clock.advance(700)
    owner.get("/test/me")
    owner.get("/test/me")
    server.clock.advance(100)
    token = owner.read_form("/", "/logout").fields | {"password": "a perfectly fine sentence", "next": DELETE}
    tabs = [owner.another_tab() for _ in range(8)]
    answers = at_once(8, lambda n: tabs[n].post("/step-up", token))
    assert [answer.status_code for answer in answers] == [303] * 8
    assert [is_fresh(tab) for tab in tabs] == [True] * 8
    (row,) = query(server, ALIVE, name)
    assert row["refresh_generation"] == 2
    assert len({tab.refresh for tab in tabs}) == 1
    server.clock.advance(601)
    assert [tab.get("/test/me").status_code for tab in tabs[:2]] == [200, 200]


def test_one_code_from_24_tabs(server: Server) -> None:
    """Four workers, both databases: one code proves it once, whatever the tabs of a session send."""
    owner = server.browser()
    name = owner.sign_up()
    execute(server, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    secret, _shown = set_up(owner, server.clock())
    server.clock.advance(100)
    token = owner.read_form("/", "/logout").fields | {"password": "a perfectly fine sentence", "next": "/"}
    typed = token | {"otp": code(secret, server.clock())}
    tabs = [owner.another_tab() for _ in range(24)]
    answers = at_once(24, lambda n: tabs[n].post("/step-up", typed))
    assert {answer.status_code for answer in answers} <= {303, 422, 503}
    assert len([answer for answer in answers if "access_token" in cookies_set(answer)]) == 1
    assert event_names(server, user=name).count("step_up.passed") == 1


class TestGuessing:
    """With the limits on."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_passwords(self, app: Flask, person: Browser, username: str) -> None:
        """Ten wrong ones in a session, then 429; the owner's other session has tries of its own."""
        statuses = [person.prove(password=f"guess {n}").status_code for n in range(12)]
        assert statuses == [422] * 10 + [429] * 2
        other = Browser.of_app(app)
        other.log_in(username)
        assert other.prove().status_code == 303

    def test_codes(self, app: Flask, person: Browser, username: str, clock: SetClock) -> None:
        """Five wrong ones, then 429, one mail; a wrong password is none of them."""
        execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
        secret, _shown = set_up(person, clock())
        assert person.prove(password="wrong", otp="000000").status_code == 422
        statuses = [person.prove(otp="000000").status_code for _ in range(7)]
        assert statuses == [422] * 5 + [429] * 2
        assert person.prove(otp=code(secret, clock())).status_code == 429
        assert event_names(app, user=username).count("factor.limited") == 1
        outbox = Outbox(app)
        outbox.newest(f"{username}@example.com")
        subjects = [str(mail["Subject"]) for mail in outbox.to(f"{username}@example.com")]
        assert subjects.count("Another person may know your password") == 1

    def test_right_ones_do_not_fill_the_trail(self, app: Flask, person: Browser, username: str) -> None:
        """Sixty an hour in a session."""
        execute(app, "UPDATE users SET password_hash = password_hash")
        statuses = {person.prove().status_code for _ in range(60)}
        assert statuses == {303}
        assert person.prove().status_code == 429
        assert event_names(app, user=username).count("step_up.passed") == 60
