"""Error pages say what to do next, and offer what was typed once more."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, FormReader
from tests.support.clock import SetClock
from tests.support.sql import execute
from tests.support.totp import code, set_up
from webapp.store.database import DatabaseUnavailable

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


def links(page: str) -> list[tuple[str, str]]:
    """Buttons of the page's main part that lead on: address and words."""
    return re.findall(r'<a class="btn[^"]*" href="([^"]*)">([^<]+)</a>', page[page.index("<main") :])


class TestTooMany:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_it_says_until_when_and_offers_what_was_typed(self, visitor: Browser, clock: SetClock) -> None:
        """429: the minute in which the limit ends, and the form with its password empty, ready to be sent then."""
        form = visitor.read_form("/login?next=/account").fields
        for _ in range(11):
            answer = visitor.post("/login", form | {"username": "nobody", "password": "wr0ng-wr0ng"})
        assert answer.status_code == 429
        until = re.search(r'Try again in 15 minutes\. \(<time datetime="([^"]+)"', answer.text)
        assert until
        (again,) = [form for form in FormReader(answer.text).forms if form.action == "/login"]
        assert (again.fields["username"], again.fields["next"], again.fields["password"]) == ("nobody", "/account", "")
        assert "wr0ng-wr0ng" not in answer.text

    @pytest.mark.parametrize(
        ("path", "words"), [("/login", "Back to login"), ("/account/password", "Back to the form")]
    )
    def test_a_form_of_no_page_of_ours_leads_back(self, visitor: Browser, path: str, words: str) -> None:
        """Where the browser does not say that our page sent the form, none of its fields is shown again."""
        visitor.sign_up()
        form = visitor.read_form("/account/password").fields
        typed = {"username": "nobody", "password": "x", "current_password": "x", "new_password": PASSWORD * 2}
        for _ in range(11):
            answer = visitor.post(path, form | typed, headers={"Sec-Fetch-Site": "none"})
        assert answer.status_code == 429
        assert links(answer.text)[0] == (path, words)
        assert "nobody" not in answer.text

    def test_a_code_is_typed_anew(self, app: Flask, visitor: Browser, clock: SetClock) -> None:
        """The page after too many codes asks for the next one, and does not repeat the last."""
        username = visitor.sign_up()
        execute(app, "UPDATE users SET email_verified_at = 1")
        secret, _ = set_up(visitor, clock())
        visitor.log_out()
        visitor.log_in(username)
        form = visitor.read_form("/login/second").fields
        for _ in range(6):
            answer = visitor.post("/login/second", form | {"otp": "314159"})
        assert answer.status_code == 429
        assert "314159" not in answer.text
        (again,) = [form for form in FormReader(answer.text).forms if form.action == "/login/second"]
        clock.advance(3600)
        visitor.log_in(username)
        done = visitor.post("/login/second", again.fields | {"otp": code(secret, clock())})
        assert done.status_code == 303


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page that asks the database says that it is away."""
    from webapp.store import auth_sessions

    def fail(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(auth_sessions, "load", fail)


def test_a_page_without_database_can_be_asked_for_again(visitor: Browser, request: pytest.FixtureRequest) -> None:
    """The 503 page first offers the same address again."""
    visitor.sign_up()
    request.getfixturevalue("dead")
    answer = visitor.get("/account/activity?lab=1")
    assert answer.status_code == 503
    assert links(answer.text)[0] == ("/account/activity?lab=1", "Try again")


def test_a_form_without_database_is_kept(visitor: Browser, request: pytest.FixtureRequest) -> None:
    """503: the user's input stands in the page, ready to be sent again; never a password."""
    visitor.sign_up()
    form = visitor.read_form("/account").fields
    request.getfixturevalue("dead")
    answer = visitor.post("/account", form | {"name": "Ada <b>", "password": "s3cret-s3cret"}, headers=SAME_ORIGIN)
    assert answer.status_code == 503
    assert '<input type="hidden" name="name" value="Ada &lt;b&gt;">' in answer.text
    assert "s3cret" not in answer.text
    assert "Send again" in answer.text
    assert "set-cookie" not in {name for name in answer.headers if "token" in answer.headers[name]}


def test_a_form_of_another_site_is_never_shown(visitor: Browser, request: pytest.FixtureRequest) -> None:
    """Else a stranger's values would be one click away."""
    visitor.sign_up()
    request.getfixturevalue("dead")
    answer = visitor.post("/account", {"name": "Mallory"}, headers={"Sec-Fetch-Site": "none"})
    assert "Mallory" not in answer.text


def test_a_missing_page_offers_those_there_are(visitor: Browser) -> None:
    """404, logged in: the links of the site; the number is small, the words come first."""
    visitor.sign_up()
    page = visitor.get("/nowhere").text
    inside = page[page.index("<main") :]
    assert inside.index("Page not found") < inside.index("Error 404")
    assert all(f'href="{path}"' in inside for path in ("/learn", "/lab", "/account"))


def test_a_title_says_that_something_went_wrong(app: Flask, visitor: Browser) -> None:
    """A refused form's title begins with "Error:"; pages of a list have titles of their own."""
    form = visitor.read_form("/login").fields
    assert "<title>Error: Log in · Tokenroom" in visitor.post("/login", form | {"username": "x", "password": "y"}).text
    visitor.sign_up()
    assert "<title>Activity · " in visitor.get("/account/activity").text
    assert "<title>Earlier activity · " in visitor.get("/account/activity?before=5").text
    form = visitor.read_form("/account").fields
    assert "<title>Error: Profile · " in visitor.post("/account", form | {"name": "W" * 81}).text


class TestClosed:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_SIGNUP": "closed"}

    def test_a_closed_sign_up_is_titled_so(self, visitor: Browser) -> None:
        """The page of a closed sign-up has its title."""
        assert "<title>Sign-up is closed · " in visitor.get("/signup").text


def test_an_error_page_has_the_header_of_every_page(visitor: Browser) -> None:
    """Strangers find the lessons, and for those who are logged in the tokens lead to the lab."""
    assert 'href="/learn"' in visitor.get("/nothing-here").text
    visitor.sign_up()
    assert re.search(r'class="see-through case-4" href="/lab"', visitor.get("/nothing-here").text)
