"""Two-step login: set up an authenticator app, log in with its codes and with recovery codes, take it away again."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox
from tests.support.sql import execute, query
from tests.support.statements import statements
from tests.support.totp import code, codes_of, secret_of, set_up
from tests.support.trail import event_names


@pytest.fixture
def confirmed(app: Flask, person: Browser, username: str) -> Browser:
    """Logged in, with a confirmed address."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return person


def test_from_setting_up_to_logging_in(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """The set-up shows ten codes once; then the password leads to the second step, and a code into the account."""
    secret, shown = set_up(confirmed, clock())
    assert shown.status_code == 200
    assert len(codes_of(shown.text)) == 10
    assert confirmed.get("/account").status_code == 200
    assert "On: your password alone does not open" in confirmed.get("/account/factors").text
    stranger = Browser.of_app(app)
    half = stranger.submit("/login", username=username, password=PASSWORD, next="/lab")
    assert (half.status_code, half.headers["location"]) == (303, "/login/second")
    assert not stranger.access
    assert stranger.get("/account").status_code == 303
    wrong = stranger.submit("/login/second", otp=code(secret, clock(), -1))  # the set-up's
    assert wrong.status_code == 422
    assert "wrong or was used already" in wrong.text
    done = stranger.submit("/login/second", otp=code(secret, clock()))
    assert (done.status_code, done.headers["location"]) == (303, "/lab")
    assert stranger.get("/account").status_code == 200
    assert not stranger.cookie("pending_login")
    assert "Confirmed with password and code" in stranger.get("/account/sessions").text
    names = event_names(app, user=username)
    assert names.count("login.challenged") == 1
    assert names.count("factor.failed") == 1
    assert Outbox(app).newest(f"{username}@example.com")


def test_a_recovery_code_works_once(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """It stands in for the app, in any spelling; its mail says how many are left; twice it is wrong."""
    _secret, shown = set_up(confirmed, clock())
    first = codes_of(shown.text)[0]
    for spelling, status in ((first.lower().replace("-", " "), 303), (first, 422)):
        clock.advance(60)
        stranger = Browser.of_app(app)
        stranger.log_in(username)
        assert stranger.submit("/login/second", recovery_code=spelling).status_code == status
    outbox = Outbox(app)
    outbox.newest(f"{username}@example.com")
    mails = {str(mail["Subject"]): str(mail.get_content()) for mail in outbox.to(f"{username}@example.com")}
    assert "Recovery codes left: 9" in mails["Two-step login: a recovery code was used"]
    assert "Two-step login: authenticator app added" in mails
    assert "code.used" in event_names(app, user=username)


def test_new_codes_replace_the_old_ones(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """Ten others, shown once; a code of the earlier set is none any more."""
    _secret, shown = set_up(confirmed, clock())
    again = confirmed.submit("/account/factors", "/account/factors/codes")
    assert again.status_code == 200
    new = codes_of(again.text)
    assert len(new) == 10
    assert not set(new) & set(codes_of(shown.text))
    stranger = Browser.of_app(app)
    stranger.log_in(username)
    assert stranger.submit("/login/second", recovery_code=codes_of(shown.text)[3]).status_code == 422
    assert stranger.submit("/login/second", recovery_code=new[3]).status_code == 303


def test_the_profile_asks_for_new_codes(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """It says whether two-step login is on; below three codes it asks for new ones, and so does the factors' page."""
    off = confirmed.get("/account").text
    assert re.search(r"<dt>Two-step login</dt><dd>off</dd>", off)
    set_up(confirmed, clock())
    on = confirmed.get("/account").text
    assert re.search(r"<dt>Two-step login</dt><dd>on</dd>", on)
    assert "codes left. Make new ones." not in on
    execute(app, "UPDATE recovery_codes SET used_at = 1 WHERE number < 8")
    for path in ("/account", "/account/factors"):
        assert "2 recovery codes left. Make new ones." in confirmed.get(path).text
    execute(app, "UPDATE recovery_codes SET used_at = 1 WHERE number = 8")
    assert "1 recovery code left. Make new ones." in confirmed.get("/account").text


def test_the_profile_of_a_user_without_a_factor_costs_nothing_more(app: Flask, confirmed: Browser) -> None:
    """Not a statement, because the session's own row tells that there is none."""
    with statements(app) as seen:
        confirmed.get("/account")
    assert not [text for text in seen if "totp_factors" in text]


def test_taking_it_away(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """Then the password alone opens the account, other sessions have ended, and no code is left."""
    secret, _shown = set_up(confirmed, clock())
    other = Browser.of_app(app)
    other.log_in(username)
    assert other.submit("/login/second", otp=code(secret, clock())).status_code == 303
    path = "/account/factors/totp/remove"
    assert confirmed.submit("/account/factors", path).status_code == 303
    assert confirmed.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert query(app, "SELECT * FROM recovery_codes") == []
    assert other.log_in(username).headers["location"] == "/"


def test_a_factor_needs_a_confirmed_address(person: Browser) -> None:
    """Without it an open tab could enrol an app of its own; the page says what to do first."""
    assert "Confirm your email address first" in person.get("/account/factors").text
    assert person.get("/account/factors/totp").headers["location"] == "/account/factors"


def test_the_password_change_keeps_the_second_step(confirmed: Browser, clock: SetClock, app: Flask) -> None:
    """The browser that changes the password goes on as one that proved both."""
    set_up(confirmed, clock())
    changed = confirmed.submit("/account/password", current_password=PASSWORD, new_password="another fine sentence")
    assert changed.status_code == 303
    rows = query(app, "SELECT amr FROM auth_sessions WHERE revoked_at IS NULL")
    assert [row["amr"] for row in rows] == ["pwd otp mfa"]


def test_api_login(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """One call with `otp` or `recovery_code`; without one 401 says what is missing."""
    secret, shown = set_up(confirmed, clock())
    api = ApiClient.of_app(app)
    login = {"username": username, "password": PASSWORD}
    missing = api.http.post("/api/v1/login", json=login)
    assert missing.status_code == 401
    assert missing.json()["error"] == "mfa_required"
    assert missing.json()["methods"] == ["otp", "recovery_code"]
    assert missing.headers["www-authenticate"] == 'Bearer realm="api"'
    wrong = api.http.post("/api/v1/login", json=login | {"otp": "000000"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_grant")
    assert api.http.post("/api/v1/login", json=login | {"otp": code(secret, clock())}).status_code == 200
    assert api.http.post("/api/v1/login", json=login | {"otp": code(secret, clock())}).status_code == 401
    by_code = api.http.post("/api/v1/login", json=login | {"recovery_code": codes_of(shown.text)[0]})
    me = api.http.get("/api/v1/me", headers={"Authorization": by_code.headers["Authorization"]}).json()
    assert (me["mfa"], me["email_verified"]) == (True, True)


def test_late_and_after_a_change(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """Ten minutes after the password, or after a change of credentials, the login begins anew; `next` is kept."""
    secret, _shown = set_up(confirmed, clock())
    stranger = Browser.of_app(app)
    form = stranger.read_form("/login")
    stranger.post("/login", form.fields | {"username": username, "password": PASSWORD, "next": "/lab"})
    fields = stranger.read_form("/login/second").fields
    clock.advance(601)
    late = stranger.post("/login/second", fields | {"otp": code(secret, clock())})
    assert late.headers["location"] == "/login?notice=slow&next=%2Flab"
    stranger.log_in(username)
    execute(app, "UPDATE users SET credential_epoch = credential_epoch + 1 WHERE username = ?", username)
    clock.advance(60)
    gone = stranger.post("/login/second", fields | {"otp": code(secret, clock())})
    assert "notice=slow" in gone.headers["location"]


def test_two_clicks_are_one_login(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """The second click sends the same code, and gets the session of the first."""
    secret, _shown = set_up(confirmed, clock())
    stranger = Browser.of_app(app)
    stranger.log_in(username)
    form = stranger.read_form("/login/second")
    tabs = [stranger.another_tab() for _ in range(2)]
    answers = [tab.post("/login/second", form.fields | {"otp": code(secret, clock())}) for tab in tabs]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert tabs[0].sid == tabs[1].sid


def test_an_administrator_takes_it_away(app: Flask, confirmed: Browser, username: str, clock: SetClock) -> None:
    """A user who lost everything keeps no factor and no session; no administrator does it to the own account."""
    set_up(confirmed, clock())
    admin = Browser.of_app(app)
    boss = admin.sign_up()
    execute(app, "UPDATE users SET role = 'admin' WHERE username = ?", boss)
    ids = {row["username"]: row["id"] for row in query(app, "SELECT id, username FROM users")}
    page = f"/admin/people/{ids[username]}"
    assert admin.submit(page, f"{page}/reset-factors").status_code == 303
    assert "notice=admin" in confirmed.get("/account").headers["location"]
    assert Browser.of_app(app).log_in(username).headers["location"] == "/"
    assert "factors.reset" in event_names(app, user=username)
    fields = admin.read_form(page, f"{page}/role").fields
    assert admin.post(f"/admin/people/{ids[boss]}/reset-factors", fields).status_code == 422
    runner = app.test_cli_runner()
    assert runner.invoke(args=["users", "reset-factors", username]).exit_code == 0


class TestDemanded:
    """`WEBAPP_MFA_REQUIRED=admin`."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_MFA_REQUIRED": "admin"}

    def test_promotion_asks_at_the_next_request(
        self, app: Flask, person: Browser, username: str, clock: SetClock
    ) -> None:
        """A promoted person's session is not live; the login sends a code, sets up an app, and shows the codes."""
        api = ApiClient.of_app(app)
        api.log_in(username, PASSWORD)
        execute(app, "UPDATE users SET role = 'admin', email_verified_at = 1 WHERE username = ?", username)
        assert "notice=mfa" in person.get("/account").headers["location"]
        assert api.get("/me").status_code == 401
        refused = api.http.post("/api/v1/login", json={"username": username, "password": PASSWORD})
        assert (refused.json()["error"], refused.json()["methods"]) == ("email_unconfirmed", [])
        visitor = Browser.of_app(app)
        assert visitor.log_in(username).headers["location"] == "/login/address"
        assert visitor.get("/login/enrol").headers["location"] == "/login/address"
        from tests.support.mailbox import code as mailed

        typed = mailed(Outbox(app).newest(f"{username}@example.com"))
        assert visitor.submit("/login/address", code=typed).headers["location"] == "/login/enrol"
        page = visitor.get("/login/enrol")
        form = visitor.read_form("/login/enrol")
        assert form.fields["sealed"]
        secret = secret_of(page.text)
        again = visitor.submit("/login/enrol", otp="000000")
        assert again.status_code == 422
        from tests.support.browser import FormReader

        form = next(f for f in FormReader(again.text).forms if f.action == "/login/enrol")
        done = visitor.post("/login/enrol", form.fields | {"otp": code(secret_of(again.text), clock())})
        assert done.status_code == 200
        assert len(codes_of(done.text)) == 10
        assert "Log out" in done.text
        assert visitor.get("/admin").status_code == 200
        assert secret != secret_of(again.text)
        removed = visitor.post(
            "/account/factors/totp/remove",
            visitor.read_form("/account/factors", "/account/factors/codes").fields,
        )
        assert removed.status_code == 422
        assert "Add another before you remove this one" in removed.text
