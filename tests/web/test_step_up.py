"""Step-up: prove once more who you are before something that matters, on pages and over the API."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser, case_of, cookies_set, read_parts
from tests.support.clock import SetClock
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, set_up
from tests.support.trail import event_names

STALE = 601
DELETE = "/account/delete"
ASKED = "/step-up?next=%2Faccount%2Fdelete"


def auth_time(token: str | None) -> int:
    assert token
    return int(read_parts(token)[1]["auth_time"])


def prove(browser: Browser, **fields: str) -> int:
    """Answer the step-up page; the status."""
    return browser.prove(DELETE, **fields).status_code


def test_from_the_page_to_the_act(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """A login counts for ten minutes; then the page asks, and a right password leads back to what was wanted."""
    assert person.get(DELETE).status_code == 200
    clock.advance(600)
    assert person.get(DELETE).status_code == 200
    clock.advance(1)
    asked = person.get(DELETE)
    assert (asked.status_code, asked.headers["location"]) == (303, ASKED)
    page = person.get(ASKED)
    assert "Is it still you?" in page.text
    assert "it counts for 10 minutes" in page.text
    wrong = person.submit(ASKED, "/step-up", password="wrong")
    assert wrong.status_code == 422
    assert "The password or the code is wrong." in wrong.text
    assert person.get(DELETE).status_code == 303
    right = person.submit(ASKED, "/step-up", password=PASSWORD)
    assert (right.status_code, right.headers["location"]) == (303, DELETE)
    assert person.get(DELETE).status_code == 200
    assert person.get(ASKED).headers["location"] == DELETE  # there is nothing to prove
    clock.advance(601)
    assert person.get(DELETE).status_code == 303
    names = event_names(app, user=username)
    assert (names.count("step_up.passed"), names.count("step_up.failed")) == (1, 1)
    told = person.get("/account/activity").text
    assert "Identity confirmed again before a sensitive change." in told


def test_the_token_the_row_and_the_refresh_token(app: Flask, person: Browser, clock: SetClock) -> None:
    """`auth_time` moves in both; the refresh token rotates, but not one that was confirmed a moment ago."""
    person.get("/account")
    began, before = auth_time(person.access), person.refresh
    clock.advance(71)
    assert prove(person) == 303
    assert auth_time(person.access) == began + 71
    assert query(app, "SELECT auth_time FROM auth_sessions")[0]["auth_time"] == began + 71
    assert person.refresh != before
    person.get("/account")  # confirms it
    clock.advance(70)
    before = person.refresh
    answer = person.prove()
    assert list(cookies_set(answer)) == ["access_token"]
    assert auth_time(person.access) == began + 141
    assert person.refresh == before


def test_what_the_trail_and_the_network_panel_say_of_the_refresh_within(
    app: Flask, person: Browser, clock: SetClock
) -> None:
    """A successor that is sent again or forked is an event, as in any other refresh; nobody reads "both valid"."""
    person.get("/account")
    clock.advance(71)
    late, later = person.another_tab(), person.another_tab()
    said = [case_of(person.prove())]
    assert "refresh.redelivered" not in event_names(app)
    said.append(case_of(late.prove()))
    clock.advance(4)
    said.append(case_of(later.prove()))
    assert event_names(app).count("refresh.redelivered") == 2
    later.get("/account")
    said.append(case_of(later.prove()))
    assert said == [
        "case 4: both reissued, early",
        "case 4: access reissued, same refresh again",
        "case 4: access reissued, another refresh",
        "case 4: access reissued, fresh",
    ]


@pytest.fixture
def secret(app: Flask, person: Browser, username: str, clock: SetClock) -> tuple[bytes, list[str]]:
    """The secret of an authenticator app, and the recovery codes."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    secret, shown = set_up(person, clock())
    return secret, codes_of(shown.text)


def test_with_a_second_factor(
    app: Flask, person: Browser, secret: tuple[bytes, list[str]], clock: SetClock, username: str
) -> None:
    """Password and code in one form; which of the two was wrong is not told, and a code works once."""
    app_secret, codes = secret
    clock.advance(STALE)
    for wrong in (
        {},
        {"otp": "000000"},
        {"password": "wrong", "otp": code(app_secret, clock())},
        {"recovery_code": "0000-0000-0000-0000"},
    ):
        assert prove(person, **wrong) == 422
    right = {"otp": code(app_secret, clock())}
    assert prove(person, **right) == 303  # a wrong password has not used it up
    clock.advance(STALE)
    assert prove(person, otp=code(app_secret, clock() - STALE)) == 422
    assert prove(person, recovery_code=codes[2]) == 303
    clock.advance(STALE)
    assert prove(person, recovery_code=codes[2]) == 422
    names = event_names(app, user=username)
    assert "factor.failed" not in names  # else the trail would tell a thief that the password was right
    assert names.count("step_up.failed") == 6


def test_the_second_of_two_clicks(
    app: Flask, person: Browser, secret: tuple[bytes, list[str]], clock: SetClock, username: str
) -> None:
    """Led on as the first, by the very code and within moments alone; it brings nothing, and no other code does so."""
    app_secret, codes = secret
    for kind in ("otp", "recovery_code"):
        clock.advance(STALE)
        typed = {kind: code(app_secret, clock()) if kind == "otp" else codes[1]}
        proof, tab = person.proof(DELETE, **typed), person.another_tab()
        other = tab.proof(DELETE, **{kind: "000000"})
        wrong = tab.proof(DELETE, "wrong", **typed)
        assert person.post("/step-up", proof).status_code == 303
        again = tab.another_tab().post("/step-up", proof)
        assert (again.status_code, again.headers["location"]) == (303, DELETE)
        assert cookies_set(again) == {}
        assert [tab.another_tab().post("/step-up", form).status_code for form in (other, wrong)] == [422, 422]
        assert tab.another_tab().get(DELETE).headers["location"] == ASKED  # nothing came with it
        clock.advance(31)
        assert tab.another_tab().post("/step-up", proof).status_code == 422
    assert event_names(app, user=username).count("step_up.failed") == 6


def test_the_sessions_page_tells_what_was_proved_not_how_it_began(
    person: Browser, secret: tuple[bytes, list[str]], clock: SetClock
) -> None:
    """A session that began by the password alone and was lifted by a code says both, and claims no login by a code."""
    clock.advance(STALE)
    assert prove(person, otp=code(secret[0], clock())) == 303
    page = person.get("/account/sessions").text
    assert "Confirmed with password and code" in page
    assert "Logged in with" not in page


def test_the_password_change_asks_who_has_a_factor(person: Browser, username: str, app: Flask, clock: SetClock) -> None:
    """Else a password and a stolen session would lock the owner out."""
    clock.advance(STALE)
    assert person.get("/account/password").status_code == 200
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    assert prove(person) == 303
    set_up(person, clock())
    assert person.get("/account/password").status_code == 200
    clock.advance(STALE)
    assert person.get("/account/password").headers["location"] == "/step-up?next=%2Faccount%2Fpassword"


def test_what_was_typed_is_not_carried_along(person: Browser, clock: SetClock) -> None:
    """A stale form leads to its own page by way of the proof; none of its fields is in any address or page."""
    form = person.read_form("/account/email")
    clock.advance(STALE)
    sent = person.post("/account/email", form.fields | {"email": "new@example.com"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/step-up?next=%2Faccount%2Femail")
    assert "new@example.com" not in person.get(sent.headers["location"]).text


def test_a_script_is_told_in_json(person: Browser, clock: SetClock) -> None:
    """`fetch` gets 401 and no page."""
    clock.advance(STALE)
    answer = person.get(DELETE, headers={"Sec-Fetch-Mode": "cors", "Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (401, "step_up_required")


def test_guests_are_told_that_they_have_no_password(visitor: Browser, clock: SetClock) -> None:
    """A guest of the lab can prove nothing; the page says so and asks for nothing."""
    visitor.submit("/", "/lab/guest")
    clock.advance(STALE)
    page = visitor.get("/step-up?next=/account/delete").text
    assert "a guest has no password" in page
    assert 'name="password"' not in page


class TestApi:
    """The same by `Authorization: Bearer`."""

    @pytest.fixture
    def client(self, app: Flask, person: Browser, username: str) -> ApiClient:
        client = ApiClient.of_app(app)
        client.log_in(username)
        return client

    def test_from_the_challenge_to_the_act(self, client: ApiClient, person: Browser, clock: SetClock) -> None:
        """RFC 9470's challenge names the age; the new token is fresh, ends with the old one, and so are its heirs."""
        sid = person.sid
        clock.advance(599)
        client.do_refresh()
        clock.advance(2)
        refused = client.send("DELETE", f"/sessions/{sid}")
        assert refused.status_code == 401
        assert refused.json()["error"] == "insufficient_user_authentication"
        assert refused.headers["www-authenticate"] == (
            'Bearer realm="api", error="insufficient_user_authentication", '
            'error_description="Prove once more who you are, and send the request again.", max_age="600"'
        )
        wrong = client.send("POST", "/step-up", json={"password": "wrong"})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_grant")
        for malformed in ({}, {"password": 1}, {"password": PASSWORD, "otp": 123456}):
            assert client.send("POST", "/step-up", json=malformed).status_code == 400
        proved = client.send("POST", "/step-up", json={"password": PASSWORD})
        assert proved.status_code == 200
        assert set(proved.json()) == {"access_token", "token_type", "expires_in"}
        assert proved.json()["expires_in"] == 598
        assert proved.headers["authorization"] == f"Bearer {proved.json()['access_token']}"
        client.take(proved)
        assert auth_time(client.access) == clock()
        clock.advance(599)  # the access token has expired, its heir is fresh for a second
        client.do_refresh()
        assert client.send("DELETE", f"/sessions/{sid}").status_code == 204
        clock.advance(2)
        own = read_parts(client.access or "")[1]["sid"]
        assert client.send("DELETE", "/sessions/none").status_code == 401
        assert client.send("DELETE", f"/sessions/{own}").status_code == 204  # its own session: never asked

    def test_with_a_second_factor(
        self, app: Flask, person: Browser, username: str, secret: tuple[bytes, list[str]], clock: SetClock
    ) -> None:
        """The password alone is not enough, and the answer does not tell what was missing."""
        client = ApiClient.of_app(app)
        login = {"username": username, "password": PASSWORD}
        client.take(client.http.post("/api/v1/login", json=login | {"recovery_code": secret[1][0]}))
        for body in ({"password": PASSWORD}, {"password": PASSWORD, "otp": "000000"}, {"password": "x"}):
            refused = client.send("POST", "/step-up", json=body)
            assert refused.json()["error_description"] == "The password or the code is wrong."
        right = {"password": PASSWORD, "otp": code(secret[0], clock())}
        assert client.send("POST", "/step-up", json=right).status_code == 200
        assert client.send("POST", "/step-up", json=right).status_code == 401

    def test_a_stranger(self, app: Flask) -> None:
        """Nobody steps up without a session."""
        client = ApiClient.of_app(app)
        assert client.send("POST", "/step-up", json={"password": PASSWORD}).status_code == 401


def test_what_the_token_says(person: Browser, clock: SetClock, app: Flask, username: str) -> None:
    """`amr` is a list, `acr` its level; a step-up with a code raises both."""
    claims = read_parts(person.access or "")[1]
    assert (claims["amr"], claims["acr"], claims["email_verified"]) == (["pwd"], "1fa", False)
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    secret, _shown = set_up(person, clock())
    clock.advance(STALE)
    assert prove(person, otp=code(secret, clock())) == 303
    claims = read_parts(person.access or "")[1]
    assert (claims["amr"], claims["acr"], claims["email_verified"]) == (["pwd", "otp", "mfa"], "2fa", True)
