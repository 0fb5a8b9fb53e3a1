"""Sign up, log in, profile, log out: what is said, what is kept, where the user is sent."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from flask import Flask
from flask_login import current_user

from tests.support.browser import PASSWORD, Browser, FormReader, cookies_set
from tests.support.clock import SetClock
from tests.support.serving import CHEAP_HASHER
from tests.support.sql import execute, query
from webapp.core import passwords

GOOD = {"username": "ada", "email": "ada@example.com", "name": "Ada", "password": PASSWORD}


def text_of(page: str) -> str:
    return html.unescape(page)


def table(app: Flask, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in query(app, statement)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"username": "ab"}, "Use 3 to 32 letters"),
        ({"username": "a b c"}, "Use 3 to 32 letters"),
        ({"username": "x" * 33}, "Use 3 to 32 letters"),
        ({"username": "аda"}, "Use 3 to 32 letters"),
        ({"username": ""}, "Use 3 to 32 letters"),
        ({"email": "ada"}, "This is not a valid email address"),
        ({"email": "a@b@c"}, "This is not a valid email address"),
        ({"email": ""}, "This is not a valid email address"),
        ({"email": "x" * 300 + "@example.com"}, "This is not a valid email address"),
        ({"name": "x" * 81}, "Use at most 80 characters"),
        ({"name": "a\u202eb"}, "cannot be displayed"),
        ({"password": "short"}, "Use at least 8 characters"),
        ({"password": "password1"}, "Attackers try it first"),
        ({"password": "qlalfqjsgh"}, "Attackers try it first"),
        ({"password": "ada@example.com"}, "your own username, name or email address"),
        ({"password": "x1" * 600}, "Use at most 1024 characters"),
    ],
)
def test_what_sign_up_refuses(visitor: Browser, changed: dict[str, str], words: str) -> None:
    """A bad field is a 422 with its reason, keeps what was typed but the password, and opens no session."""
    answer = visitor.submit("/signup", **(GOOD | changed))
    assert answer.status_code == 422
    assert words in text_of(answer.text)
    form = next(form for form in FormReader(answer.text).forms if "username" in form.fields)
    assert {n: form.fields[n] for n in ("username", "email", "name")} == {
        n: v for n, v in (GOOD | changed).items() if n != "password"
    }
    assert not form.fields.get("password")
    assert "access_token" not in cookies_set(answer)


def test_everything_wrong_is_said_at_once(visitor: Browser) -> None:
    """Four bad fields get four messages in one answer."""
    answer = visitor.submit("/signup", username="a", email="b", name="\u202e", password="c")
    for words in ("Use 3 to 32", "not a valid email", "cannot be displayed", "at least 8"):
        assert words in text_of(answer.text)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"email": "other@example.com"}, "This username is taken"),
        ({"email": "other@example.com", "username": "ADA"}, "This username is taken"),
        ({"username": "other"}, "An account with this email address already exists"),
        ({"username": "other", "email": "ADA@Example.COM"}, "An account with this email address already exists"),
    ],
)
def test_names_already_taken(app: Flask, visitor: Browser, changed: dict[str, str], words: str) -> None:
    """A username or address in use is refused in every spelling."""
    assert visitor.submit("/signup", **GOOD).status_code == 303
    answer = Browser.of_app(app).submit("/signup", **(GOOD | changed))
    assert answer.status_code == 422
    assert words in text_of(answer.text)


def test_sign_up_signs_in(visitor: Browser) -> None:
    """A new account is logged in, and its sign-up page leads home."""
    answer = visitor.submit("/signup", **GOOD)
    assert answer.status_code == 303
    assert visitor.get("/test/me").json()["username"] == "ada"
    assert visitor.get("/signup").headers["location"] == "/"


@pytest.mark.parametrize("settings", [{"WEBAPP_SIGNUP": "closed"}])
def test_sign_up_closed(visitor: Browser, app: Flask) -> None:
    """Closed sign-up shows no link, answers 403 and makes no account."""
    assert "/signup" not in visitor.get("/login").text
    fields = visitor.read_form("/login").fields
    answer = visitor.post("/signup", fields | GOOD)
    assert answer.status_code == 403
    assert table(app, "SELECT count(*) FROM users") == [(0,)]


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.com", "Ada@EXAMPLE.com", " ada "])
def test_log_in_by_name_or_address(app: Flask, visitor: Browser, login: str) -> None:
    """A user logs in by username or address, in any case."""
    visitor.submit("/signup", **GOOD)
    browser = Browser.of_app(app)
    assert browser.log_in(login).status_code == 303
    assert browser.get("/test/me").json()["username"] == "ada"


def answer_shape(response: httpx.Response) -> tuple[int, str, list[str]]:
    page = re.sub(r'name="csrf_token"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="csrf_token"', "", response.text)
    page = re.sub(r'value="(ada|nobody)[^"]*"', "", page)
    return response.status_code, page, sorted(h for h in response.headers if h != "content-length")


def test_wrong_password_and_unknown_name_are_answered_alike(
    app: Flask, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same status, the same page, the same work, so nobody learns who has an account."""
    visitor.submit("/signup", **GOOD)
    execute(
        app,
        "INSERT INTO users (id, username, username_key, email, email_key, name, password_hash, role, theme, language, "
        "credential_epoch, disabled_at, created_at) "
        "SELECT 'id2', 'adadisabled', 'adadisabled', 'd@example.com', 'd@example.com', name, "
        "password_hash, role, theme, language, 0, 1, created_at FROM users",
    )
    work: list[int] = []
    real = passwords._HASHER.verify

    class Counting:
        def verify(self, hashed: str, text: str) -> bool:
            work.append(1)
            return real(hashed, text)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    shapes = []
    for username, password in (
        ("ada", "some password"),
        ("nobody", "some password"),
        ("nobody", PASSWORD),
        ("adadisabled", PASSWORD),
        ("ada", "x" * 3000),
        ("nobody@example.com", "some password"),
    ):
        work.clear()
        answer = Browser.of_app(app).log_in(username, password)
        assert answer.status_code == 422
        assert work == [1], (username, "exactly one hash, for any username")
        shapes.append(answer_shape(answer))
        assert password not in answer.text
    assert all(shape == shapes[0] for shape in shapes)


def test_what_was_typed_as_a_user_name_is_kept_on_the_page_but_not_in_the_trail(app: Flask, visitor: Browser) -> None:
    """People type their password there."""
    answer = visitor.log_in("my secret password", "x")
    assert 'value="my secret password"' in answer.text
    assert "secret" not in str(table(app, "SELECT * FROM security_events"))


NEXT: list[tuple[str | None, str]] = [
    ("/account?x=1", "/account?x=1"),
    ("https://evil.example/", "/"),
    ("//evil.example", "/"),
    ("/\\evil.example", "/"),
    ("/login", "/"),
    (None, "/"),
]


@pytest.mark.parametrize(("target", "location"), NEXT)
def test_next_after_log_in(app: Flask, visitor: Browser, target: str | None, location: str) -> None:
    """A login leads to `next` on this origin and to the home page otherwise."""
    name = visitor.sign_up()
    browser = Browser.of_app(app)
    query = {"next": target} if target else {}
    page = browser.get("/login", params=query)
    fields = next(f for f in FormReader(page.text).forms if "username" in f.fields).fields
    answer = browser.post("/login", fields | {"username": name, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    # A user who is logged in already is sent on at once, and no further.
    assert browser.get("/login", params=query).headers["location"] == location


def test_next_survives_a_wrong_password(app: Flask, visitor: Browser) -> None:
    """`next` is still followed after a wrong password."""
    name = visitor.sign_up()
    browser = Browser.of_app(app)
    page = browser.get("/login", params={"next": "/account"})
    fields = next(f for f in FormReader(page.text).forms if "username" in f.fields).fields
    wrong = browser.post("/login", fields | {"username": name, "password": "wrong"})
    fields = next(f for f in FormReader(wrong.text).forms if "username" in f.fields).fields
    assert browser.post("/login", fields | {"username": name, "password": PASSWORD}).headers["location"] == "/account"


def test_the_profile(visitor: Browser) -> None:
    """A changed name, theme and language act at once."""
    visitor.sign_up()
    answer = visitor.submit("/account", name="  Ada   King ", theme="dark", language="ko")
    assert answer.status_code == 303
    page = visitor.get("/account").text
    assert 'value="Ada King"' in page
    assert 'data-theme="dark"' in page
    assert 'lang="ko"' in page


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "x" * 81}, "Use at most 80 characters"),
        ({"name": "a\u202e"}, "cannot be displayed"),
        ({"theme": "neon"}, "Choose one of the available themes"),
        ({"language": "tlh"}, "Choose one of the available languages"),
    ],
)
def test_what_the_profile_refuses(visitor: Browser, changed: dict[str, str], words: str) -> None:
    """A bad value of the profile is a 422 with its reason and changes nothing."""
    visitor.sign_up()
    before = visitor.get("/test/me").json()
    answer = visitor.submit("/account", **changed)
    assert answer.status_code == 422
    assert words in text_of(answer.text)
    assert visitor.get("/test/me").json() == before


def test_log_out(app: Flask, visitor: Browser) -> None:
    """A logout clears both cookies and ends the session for every copy of them."""
    visitor.sign_up()
    held = visitor.another_tab()
    answer = visitor.log_out()
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
    assert (visitor.access, visitor.refresh) == (None, None)
    assert held.get("/test/me").status_code == 303
    assert held.get("/test/open").json() == {"signed_in": False}


@pytest.mark.parametrize("kept", ["access", "refresh"])
def test_log_out_with_one_cookie_alone_and_expired(app: Flask, visitor: Browser, clock: SetClock, kept: str) -> None:
    """An expired access token, or a refresh token alone, is enough to log out."""
    visitor.sign_up()
    held = visitor.another_tab()
    form = visitor.read_form("/", "/logout")
    clock.advance(601)
    setattr(visitor, {"access": "refresh", "refresh": "access"}[kept], None)
    assert visitor.post("/logout", form.fields).status_code == 303
    assert held.get("/test/me").status_code == 303
    assert table(app, "SELECT revoked_reason FROM auth_sessions") == [("logout",)]


def test_log_out_twice_and_by_a_stranger(visitor: Browser) -> None:
    """A second logout is answered like the first."""
    visitor.sign_up()
    form = visitor.read_form("/", "/logout")
    assert visitor.post("/logout", form.fields).status_code == 303
    assert visitor.post("/logout", form.fields).status_code == 303


def test_log_out_of_a_mixed_pair_ends_both(app: Flask, visitor: Browser) -> None:
    """A logout with tokens of two sessions ends both sessions."""
    visitor.sign_up()
    other = Browser.of_app(app)
    other.sign_up()
    mixed = visitor.another_tab()
    mixed.refresh = other.refresh
    form = visitor.read_form("/", "/logout")
    assert mixed.post("/logout", form.fields).status_code == 303
    assert visitor.get("/test/me").status_code == 303
    assert other.get("/test/me").status_code == 303


def test_a_new_log_in_ends_the_session_it_presents(app: Flask, visitor: Browser) -> None:
    """A login in a browser that is logged in replaces its session."""
    name = visitor.sign_up()
    old = visitor.another_tab()
    fields = visitor.read_form("/", "/logout").fields
    answer = visitor.post("/login", fields | {"username": name, "password": PASSWORD})
    assert answer.status_code == 303
    assert visitor.get("/test/me").status_code == 200
    assert old.get("/account").headers["location"] == "/login?next=%2Faccount&notice=replaced"


def test_twenty_sessions_and_no_more(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """The 21st login ends the oldest session."""
    name = visitor.sign_up()
    browsers = [visitor]
    for _ in range(20):
        clock.advance(1)
        browser = Browser.of_app(app)
        assert browser.log_in(name).status_code == 303
        browsers.append(browser)
    statuses = [browser.get("/test/me").status_code for browser in browsers]
    assert statuses == [303] + [200] * 20
    assert table(app, "SELECT revoked_reason FROM auth_sessions WHERE revoked_at IS NOT NULL") == [("limit",)]


def test_the_hash_is_renewed_when_its_costs_changed(app: Flask, visitor: Browser, real_hashing: None) -> None:
    """A login replaces a hash of lower costs."""
    name = visitor.sign_up()
    weak = CHEAP_HASHER.hash(PASSWORD)
    execute(app, "UPDATE users SET password_hash = ?", weak)
    browser = Browser.of_app(app)
    assert browser.log_in(name).status_code == 303
    assert "m=19456" in str(table(app, "SELECT password_hash FROM users"))
    assert Browser.of_app(app).log_in(name).status_code == 303


@pytest.mark.parametrize("reason", ["logout", "ended", "reuse", "password", "admin", "replaced", "limit"])
def test_the_log_in_page_says_why_a_session_ended(app: Flask, visitor: Browser, reason: str) -> None:
    """Each reason for an ended session has its notice on the login page."""
    visitor.sign_up()
    execute(app, "UPDATE auth_sessions SET revoked_at = 1, revoked_reason = ?", reason)
    answer = visitor.get("/account")
    assert answer.headers["location"] == f"/login?next=%2Faccount&notice={reason}"
    plain = visitor.get("/login").text
    noticed = visitor.get(f"/login?notice={reason}").text
    assert len(noticed) > len(plain)


def test_an_invented_notice_says_nothing(visitor: Browser) -> None:
    """An unknown notice in the address adds nothing to the page."""
    plain = visitor.get("/login").text
    for invented in ("nothing", "Your account was hacked", "<script>", "__class__"):
        page = visitor.get("/login", params={"notice": invented}).text
        assert page.count("notice-") == plain.count("notice-")
        assert "<script>" not in page.replace("<script src", "")


@pytest.mark.parametrize("change", ["disabled_at = 1", "credential_epoch = credential_epoch + 1"])
def test_disabling_and_a_new_epoch_act_on_the_next_request(app: Flask, visitor: Browser, change: str) -> None:
    """A disabled user, or one with a new epoch, is logged out by the next request."""
    visitor.sign_up()
    assert visitor.get("/test/me").status_code == 200
    execute(app, f"UPDATE users SET {change}")
    answer = visitor.get("/test/me")
    assert answer.status_code == 303


def test_a_changed_role_acts_on_the_next_request(app: Flask, visitor: Browser) -> None:
    """A new role is in force at the next request, with the tokens of before."""

    @app.get("/test/role")
    def role() -> str:
        return str(current_user.role)

    visitor.sign_up()
    assert visitor.get("/test/role").text == "user"
    execute(app, "UPDATE users SET role = 'admin'")
    assert visitor.get("/test/role").text == "admin"
