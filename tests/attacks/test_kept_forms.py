"""The threat: another user reads, changes, replays or sends a form that was on its way when a login ended."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, FormReader, case_of
from tests.support.clock import SetClock
from tests.support.sql import execute
from tests.support.totp import code, codes_of, secret_of

FORTNIGHT = 14 * 86400
NOTE = "A display name that took long to type"


@pytest.fixture
def ada(visitor: Browser) -> str:
    """Ada's user name; she is logged in with `visitor`."""
    return visitor.sign_up("ada.lovelace")


def post_in_case_1(browser: Browser, clock: SetClock, path: str = "/account", **fields: str) -> str:
    """Open the profile, let both tokens expire, send the form; the page that answers."""
    form = browser.read_form("/account")
    clock.advance(FORTNIGHT)
    answer = browser.post(path, form.fields | {"name": NOTE} | fields)
    assert answer.status_code == 401, answer.text
    assert case_of(answer) == "case 1: log in again"
    return answer.text


def sealed_in(page: str) -> str:
    found = re.search(r'name="kept" value="([^"]*)"', page)
    return found[1] if found else ""


def log_in_with(browser: Browser, sealed: str, username: str, **fields: str) -> str:
    """Log in with a sealed form in the login form; the page that answers, empty for a redirect."""
    form = browser.read_form("/login")
    answer = browser.post("/login", form.fields | {"username": username, "password": PASSWORD, "kept": sealed} | fields)
    assert answer.status_code in (200, 303), answer.text
    return answer.text if answer.status_code == 200 else ""


def form_to(page: str, path: str) -> dict[str, str]:
    (form,) = [form for form in FormReader(page).forms if form.action == path]
    return form.fields


def test_the_form_comes_back_to_its_sender_and_is_sent_by_one_button(
    visitor: Browser, clock: SetClock, ada: str
) -> None:
    """Both tokens expired: the login page keeps it, the same person sees it, and nothing is saved before the button."""
    page = post_in_case_1(visitor, clock)
    assert "Both of your tokens had expired" in page
    assert "Your form has been kept" in page
    assert (visitor.access, visitor.refresh) == (None, None)
    kept = log_in_with(visitor, sealed_in(page), ada)
    assert NOTE in kept
    assert NOTE not in visitor.get("/account").text
    answer = visitor.post("/account", form_to(kept, "/account"))
    assert answer.status_code == 303
    assert NOTE in visitor.get("/account").text


def test_a_session_that_was_ended_loses_no_form_either(visitor: Browser, app: Flask, ada: str) -> None:
    """The reason stands beside what became of the form."""
    form = visitor.read_form("/account")
    other = Browser.of_app(app)
    other.log_in(ada)
    other.submit("/account/sessions", "/account/sessions/revoke-others")
    answer = visitor.post("/account", form.fields | {"name": NOTE})
    assert answer.status_code == 401
    assert "This session was ended from another device." in unescape(answer.text)
    assert NOTE in log_in_with(visitor, sealed_in(answer.text), ada)


def test_another_user_sees_nothing_of_it(visitor: Browser, app: Flask, clock: SetClock, ada: str) -> None:
    """Another person at the same screen logs in and goes on as if nothing had been kept."""
    Browser.of_app(app).sign_up("eve")
    page = post_in_case_1(visitor, clock)
    assert NOTE not in page
    assert ada not in page
    assert log_in_with(visitor, sealed_in(page), "eve") == ""
    assert NOTE not in visitor.get("/account").text


def test_it_survives_a_wrong_password(visitor: Browser, clock: SetClock, ada: str) -> None:
    """The login page carries it along until the right one is typed."""
    page = post_in_case_1(visitor, clock)
    form = visitor.read_form("/login")
    wrong = {"username": ada, "password": "not the right one", "kept": sealed_in(page)}
    again = visitor.post("/login", form.fields | wrong)
    assert again.status_code == 422
    assert NOTE in log_in_with(visitor, sealed_in(again.text), ada)


@pytest.mark.parametrize("change", ["first", "middle", "last", "cut", "twice", "empty", "garbage", "long"])
def test_a_changed_text_is_none(visitor: Browser, clock: SetClock, ada: str, change: str) -> None:
    """No error, no page, no form: the login goes on as without it."""
    sealed = sealed_in(post_in_case_1(visitor, clock))
    other = "B" if sealed[len(sealed) // 2] != "B" else "C"
    changed = {
        "first": "B" + sealed[1:],
        "middle": sealed[: len(sealed) // 2] + other + sealed[len(sealed) // 2 + 1 :],
        "last": sealed[:-10] + ("A" * 10),
        "cut": sealed[:-4],
        "twice": sealed + sealed,
        "empty": "",
        "garbage": "\x00𝕏<script>",
        "long": "g" * 50_000,
    }[change]
    assert log_in_with(visitor, changed, ada) == ""


def test_after_an_hour_nothing_of_it_is_shown(visitor: Browser, clock: SetClock, ada: str) -> None:
    """Replayed later it says only that the hour is over, and to its sender alone."""
    sealed = sealed_in(post_in_case_1(visitor, clock))
    clock.advance(3601)
    page = log_in_with(visitor, sealed, ada)
    assert "that hour is over" in page
    assert NOTE not in page


def test_replayed_within_the_hour_it_is_only_shown(visitor: Browser, clock: SetClock, ada: str) -> None:
    """A second login with the same text shows the same page, and sends nothing."""
    sealed = sealed_in(post_in_case_1(visitor, clock))
    for _ in range(2):
        assert NOTE in log_in_with(visitor, sealed, ada)
        assert NOTE not in visitor.get("/account").text
        visitor.log_out()


def test_it_goes_where_it_was_going_whatever_else_is_typed(visitor: Browser, clock: SetClock, ada: str) -> None:
    """The target is sealed too, so `next` cannot turn the form to another path or another site."""
    sealed = sealed_in(post_in_case_1(visitor, clock, "/account?tab=1"))
    page = log_in_with(visitor, sealed, ada, next="//evil.example/collect")
    assert "evil.example" not in page
    assert form_to(page, "/account?tab=1")["name"] == NOTE


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "/%0d%0aX: y"])
def test_no_path_leads_to_another_site(visitor: Browser, app: Flask, clock: SetClock, ada: str, path: str) -> None:
    """Every form of the page that follows posts to this origin, for each path of the post itself."""
    form = visitor.read_form("/account")
    clock.advance(FORTNIGHT)
    answer = app.test_client().post(
        path,
        data=form.fields | {"name": NOTE},
        headers=dict(visitor.http.headers)
        | {"Cookie": f"access_token={visitor.access}; refresh_token={visitor.refresh}"},
    )
    for found in FormReader(answer.text).forms:
        assert re.match(r"/[a-z]", found.action), found.action


def test_passwords_and_tokens_are_not_in_it(visitor: Browser, clock: SetClock, ada: str) -> None:
    """A password form comes back with empty fields, to be typed anew."""
    form = visitor.read_form("/account/password")
    clock.advance(FORTNIGHT)
    secret = {"current_password": PASSWORD, "new_password": "another fine sentence", "api_token": "t0ken"}
    answer = visitor.post("/account/password", form.fields | secret)
    assert answer.status_code == 401
    page = log_in_with(visitor, sealed_in(answer.text), ada)
    fields = form_to(page, "/account/password")
    assert (fields["current_password"], fields["new_password"]) == ("", "")
    for value in secret.values():
        assert value not in page


def test_the_csrf_token_is_a_fresh_one(visitor: Browser, clock: SetClock, ada: str) -> None:
    """It is made for the page, even where the browser has lost its old one; without it the form is refused."""
    sealed = sealed_in(post_in_case_1(visitor, clock))
    visitor.set_cookie("session", None)
    fields = form_to(log_in_with(visitor, sealed, ada), "/account")
    assert visitor.post("/account", fields | {"csrf_token": ""}).status_code == 403
    assert visitor.post("/account", fields).status_code == 303
    assert NOTE in visitor.get("/account").text


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        ("cross-site", None),
        ("same-site", None),
        ("none", None),
        (None, None),
        (None, "https://evil.example"),
        (None, "null"),
        ("", "https://evil.example"),
    ],
)
def test_what_no_page_of_ours_sent_is_never_kept(
    visitor: Browser, clock: SetClock, ada: str, site: str | None, origin: str | None
) -> None:
    """Else the values of a stranger's page would be one click away from being sent in Ada's name."""
    visitor.get("/account")
    clock.advance(FORTNIGHT)
    del visitor.http.headers["Sec-Fetch-Site"]
    named = {"Sec-Fetch-Site": site, "Origin": origin}
    answer = visitor.post(
        "/account", {"name": "Evil"}, headers={name: value for name, value in named.items() if value is not None}
    )
    assert answer.status_code in (303, 403)
    assert "kept" not in answer.text


def test_a_stranger_gets_the_login_page_and_no_form(app: Flask) -> None:
    """Without an authentic token nobody is named, so there is nobody to keep it for."""
    stranger = Browser.of_app(app)
    assert stranger.post("/account", {"name": NOTE}).status_code == 303
    stranger.access, stranger.refresh = "x.y.z", "x.y.z"
    assert stranger.post("/account", {"name": NOTE}).status_code == 303


def test_tokens_of_two_people_name_nobody(visitor: Browser, app: Flask, clock: SetClock, ada: str) -> None:
    """A mixed pair keeps nothing, because its form would have two owners."""
    eve = Browser.of_app(app)
    eve.sign_up("eve")
    visitor.refresh = eve.refresh
    clock.advance(FORTNIGHT)
    assert visitor.post("/account", {"name": NOTE}).status_code == 303


@pytest.mark.parametrize("letter", ["x", "한", '"'])
def test_what_is_too_large_is_said(visitor: Browser, clock: SetClock, ada: str, letter: str) -> None:
    """More than 16 kB cannot be kept; the login page says so, and the login goes on."""
    page = post_in_case_1(visitor, clock, note=letter * 9_000 if letter != "x" else letter * 17_000)
    assert "it is larger than 16 kB" in page
    assert sealed_in(page) == ""


def test_sixteen_kilobytes_are_kept(visitor: Browser, clock: SetClock, ada: str) -> None:
    """And come back whole."""
    note = "x" * 16_000
    assert note in log_in_with(visitor, sealed_in(post_in_case_1(visitor, clock, note=note)), ada)


def test_the_login_leads_back_to_the_page_of_a_form_that_was_lost(visitor: Browser, clock: SetClock, ada: str) -> None:
    """Where nothing could be kept, the next thing to see is the empty form."""
    page = post_in_case_1(visitor, clock, "/account?tab=1", note="x" * 17_000)
    fields = form_to(page, "/login") | {"username": ada, "password": PASSWORD}
    assert visitor.post("/login", fields).headers["location"] == "/account?tab=1"


def test_a_lost_form_without_a_page_leads_home(visitor: Browser, clock: SetClock, ada: str) -> None:
    """An address that only takes forms is no place to come back to."""
    fields = form_to(post_in_case_1(visitor, clock, "/account/sessions/revoke-others", note="x" * 17_000), "/login")
    assert visitor.post("/login", fields | {"username": ada, "password": PASSWORD}).headers["location"] == "/"


class TestLimits:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_too_many_passwords_lose_no_form(self, visitor: Browser, clock: SetClock, ada: str) -> None:
        """The page that says to wait carries the form along; the right password, typed there later, shows it."""
        fields = form_to(post_in_case_1(visitor, clock), "/login") | {"username": ada}
        for _ in range(11):
            answer = visitor.post("/login", fields | {"password": "wrong"})
        assert answer.status_code == 429
        clock.advance(1000)
        again = form_to(answer.text, "/login")
        assert NOTE in visitor.post("/login", again | {"password": PASSWORD}).text


class TestDemandedFactor:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_MFA_REQUIRED": "all", "WEBAPP_MAIL_URL": "off"}

    def test_setting_up_a_second_step_loses_no_form(self, app: Flask, visitor: Browser, clock: SetClock) -> None:
        """The page with the recovery codes shows what was kept, and one button sends it."""
        username = visitor.sign_up("ada.lovelace")
        enrol = visitor.get("/login/enrol").text
        fields = form_to(enrol, "/login/enrol")
        assert visitor.post("/login/enrol", fields | {"otp": code(secret_of(enrol), clock())}).status_code == 200
        form = visitor.read_form("/account")
        execute(app, "DELETE FROM totp_factors")
        clock.advance(FORTNIGHT)
        fields = form_to(visitor.post("/account", form.fields | {"name": NOTE}).text, "/login")
        enrol = visitor.post("/login", fields | {"username": username, "password": PASSWORD}).text
        fields = form_to(enrol, "/login/enrol") | {"otp": code(secret_of(enrol), clock())}
        page = visitor.post("/login/enrol", fields).text
        assert len(codes_of(page)) == 10
        assert visitor.post("/account", form_to(page, "/account")).status_code == 303
        assert NOTE in visitor.get("/account").text


def test_an_upload_is_said_to_be_lost(visitor: Browser, clock: SetClock, ada: str) -> None:
    """A file is not kept, nor is the rest of its form."""
    form = visitor.read_form("/account")
    clock.advance(FORTNIGHT)
    answer = visitor.http.post("/account", data=form.fields, files={"picture": ("me.png", b"\x89PNG", "image/png")})
    assert answer.status_code == 401
    assert "it contains a file" in answer.text
    assert sealed_in(answer.text) == ""


def test_a_form_without_files_is_kept_however_it_is_encoded(visitor: Browser, clock: SetClock, ada: str) -> None:
    """multipart/form-data with an empty file field is a form like any other."""
    form = visitor.read_form("/account")
    clock.advance(FORTNIGHT)
    answer = visitor.http.post("/account", data=form.fields | {"name": NOTE}, files={"picture": ("", b"")})
    assert NOTE in log_in_with(visitor, sealed_in(answer.text), ada)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_other_bodies_are_no_forms(visitor: Browser, clock: SetClock, ada: str, content_type: str) -> None:
    """They get the redirect that they always got."""
    visitor.get("/account")
    clock.advance(FORTNIGHT)
    answer = visitor.http.post("/account", content=b'{"name": "x"}', headers={"Content-Type": content_type})
    assert answer.status_code == 303


def test_a_button_alone_is_redirected_as_ever(visitor: Browser, clock: SetClock, ada: str) -> None:
    """Nothing was typed, so nothing is lost."""
    token = visitor.read_form("/account").fields["csrf_token"]
    clock.advance(FORTNIGHT)
    answer = visitor.post("/account/sessions/revoke-others", {"csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_a_program_is_answered_in_json(visitor: Browser, clock: SetClock, ada: str) -> None:
    """`fetch` gets its 401 and no page, so that a script decides for itself."""
    visitor.get("/account")
    clock.advance(FORTNIGHT)
    answer = visitor.post("/account", {"name": NOTE}, headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 401
    assert answer.json()["error"] == "login_required"


def test_the_login_page_says_once_that_both_tokens_had_expired(visitor: Browser, clock: SetClock, ada: str) -> None:
    """After a GET in case 1, too; reloaded, it does not say so again."""
    clock.advance(FORTNIGHT)
    location = visitor.get("/account").headers["location"]
    assert location == "/login?next=%2Faccount"
    assert "Both of your tokens had expired" in visitor.get(location).text
    assert "Both of your tokens had expired" not in visitor.get(location).text


def test_markup_in_it_stays_text(visitor: Browser, clock: SetClock, ada: str) -> None:
    """Names and values are escaped wherever they are shown."""
    page = post_in_case_1(visitor, clock, **{"<b>note": '"><script>alert(1)</script>'})
    shown = log_in_with(visitor, sealed_in(page), ada)
    assert "<script>alert" not in shown
    assert "<b>note" not in shown
    assert form_to(shown, "/account")["<b>note"] == '"><script>alert(1)</script>'


def test_nothing_of_it_is_stored_on_the_server(
    visitor: Browser, clock: SetClock, ada: str, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the database nor in the log."""
    page = post_in_case_1(visitor, clock)
    log_in_with(visitor, sealed_in(page), ada)
    database = Path(app.config["SQLALCHEMY_DATABASE_URI"].partition("///")[2])
    for file in database.parent.glob(f"{database.name}*"):
        assert NOTE.encode() not in file.read_bytes()
    assert NOTE not in caplog.text
