"""After the view: the refresh happens once, spoils nothing, and leaves alone what decides about cookies itself."""

from __future__ import annotations

import logging

import pytest
from flask import Flask, abort, g, make_response
from flask_login import current_user
from sqlalchemy import text

from tests.support.browser import Browser, case_of, cookies_set
from tests.support.clock import SetClock
from tests.support.sql import query
from tests.support.trail import event_names
from webapp.core.rotation import Refreshed
from webapp.flows import confirm, end_reused
from webapp.flows import refresh as refresh_flow
from webapp.services import services
from webapp.store.database import DatabaseUnavailable, db
from webapp.web import authentication
from webapp.web.authentication import public
from webapp.web.cookies import clear_tokens
from webapp.web.hooks import settle

BOTH = {"access_token", "refresh_token"}


@pytest.fixture
def latecomer(app: Flask, visitor: Browser, clock: SetClock) -> Browser:
    """Signed in, the access token expired, with some more views to meet."""

    @app.get("/test/missing")
    def missing() -> None:
        abort(404)

    @app.get("/test/broken")
    def broken() -> None:
        raise RuntimeError("a view's own fault")

    @app.get("/test/clears")
    def clears() -> object:
        answer = make_response("gone")
        clear_tokens(answer)
        return answer

    @app.get("/test/twice")
    def twice() -> object:
        answer = make_response("once")
        settle(g.auth, answer, services())
        return answer

    @app.get("/test/unfinished")
    def unfinished() -> str:
        db.session.execute(text("UPDATE users SET name = 'half done' WHERE id = :id"), {"id": current_user.id})
        return "left uncommitted"

    @app.get("/test/fails-in-database")
    def fails_in_database() -> None:
        raise DatabaseUnavailable("gone")

    @app.get("/test/stranger")
    @public
    def stranger() -> str:
        return "hello" if g.auth.person is None else "signed in"

    visitor.sign_up()
    clock.advance(600)
    return visitor


def names(app: Flask) -> list[str]:
    return [row["name"] for row in query(app, "SELECT name FROM users")]


@pytest.mark.parametrize(
    ("path", "status"), [("/test/missing", 404), ("/nothing-here", 404), ("/logout", 405), ("/", 200)]
)
def test_refreshes_on_errors_and_public_pages_too(latecomer: Browser, path: str, status: int) -> None:
    """An expired access token is replaced on a 404, a 405 and a public page, and never at /logout."""
    answer = latecomer.get(path)
    assert answer.status_code == status
    if path == "/logout":
        assert not cookies_set(answer), "all of /logout is left alone"
    else:
        assert set(cookies_set(answer)) >= BOTH


def test_refreshes_on_a_500_too(app: Flask, latecomer: Browser) -> None:
    """A view that fails still refreshes, and its error text stays inside."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = latecomer.get("/test/broken")
    assert answer.status_code == 500
    assert "a view's own fault" not in answer.text
    assert set(cookies_set(answer)) >= BOTH


def test_acts_once_even_if_called_twice(app: Flask, latecomer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request refreshes once, however often the hook is called."""
    calls = []
    real = authentication.refresh
    monkeypatch.setattr(authentication, "refresh", lambda *a, **k: calls.append(1) or real(*a, **k))
    answer = latecomer.get("/test/twice")
    assert answer.text == "once"
    assert calls == [1]
    assert set(cookies_set(answer)) == BOTH


@pytest.mark.parametrize("fault", [RuntimeError("bug"), DatabaseUnavailable("gone"), KeyError("x")])
def test_an_error_in_it_changes_nothing(
    latecomer: Browser, monkeypatch: pytest.MonkeyPatch, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The good answer goes out without cookies, and the next request tries again."""
    before = latecomer.access, latecomer.refresh

    def fails(*_: object, **__: object) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(authentication, "refresh", fails)
        answer = latecomer.get("/test/me")
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert (latecomer.access, latecomer.refresh) == before
    assert any(record.levelno >= logging.ERROR for record in caplog.records)
    assert case_of(latecomer.get("/test/me")) == "case 2: access reissued"


def test_half_an_answer_is_never_sent(latecomer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minting fails after the row was rotated. The transaction is undone, and nothing is lost."""
    from webapp.core.tokens import Tokens

    def fails(*_: object, **__: object) -> str:
        raise ValueError("no key")

    with monkeypatch.context() as patched:
        patched.setattr(Tokens, "mint_access", fails)
        answer = latecomer.get("/test/me")
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert case_of(latecomer.get("/test/me")) == "case 2: access reissued"


def test_what_a_view_says_about_the_cookies_stands(latecomer: Browser) -> None:
    """A view that clears the cookies is not overruled."""
    cookies = cookies_set(latecomer.get("/test/clears"))
    assert set(cookies) == BOTH
    assert all("Max-Age=0" in cookie for cookie in cookies.values())


def test_what_a_view_leaves_uncommitted_is_not_committed(app: Flask, latecomer: Browser) -> None:
    """The refresh commits nothing that the view has left open."""
    before = names(app)
    answer = latecomer.get("/test/unfinished")
    assert case_of(answer) == "case 2: access reissued", "and it holds nothing up"
    assert names(app) == before


def test_log_in_and_log_out_are_left_alone(latecomer: Browser) -> None:
    """A user who opens /login with an expired access token is signed in, and the answer carries no token."""
    answer = latecomer.get("/login")
    assert answer.status_code == 303
    assert not BOTH & set(cookies_set(answer))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/.well-known/jwks.json", "/static/css/tokenroom.css"])
def test_machines_and_files_never_refresh(latecomer: Browser, path: str) -> None:
    """Health checks, keys and static files set no cookie."""
    answer = latecomer.get(path)
    assert answer.status_code == 200
    assert not cookies_set(answer)


def test_options_never_refreshes(latecomer: Browser) -> None:
    """An OPTIONS request sets no cookie."""
    assert not cookies_set(latecomer.http.options("/account"))


def test_a_database_error_in_the_view_leaves_the_cookies(latecomer: Browser) -> None:
    """A view without its database is a 503 that leaves the cookies, and the next request refreshes."""
    answer = latecomer.get("/test/fails-in-database")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "database" in answer.text
    assert not cookies_set(answer)
    assert case_of(latecomer.get("/test/me")) == "case 2: access reissued"


def test_a_database_error_at_the_door(latecomer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 on every page, public ones too; never a login page, never a cleared cookie."""

    def fails(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone")

    before = latecomer.access, latecomer.refresh
    with monkeypatch.context() as patched:
        patched.setattr(authentication, "judge", fails)
        for path in ("/", "/account", "/login", "/test/me", "/nothing"):
            answer = latecomer.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert not cookies_set(answer)
    assert (latecomer.access, latecomer.refresh) == before
    assert case_of(latecomer.get("/test/me")) == "case 2: access reissued"


def test_a_script_that_meets_a_dead_database_is_told_in_json(person: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fetch` gets JSON, as where it must log in: never a page that it would take for the answer."""

    def fails(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(authentication, "judge", fails)
        for mode in ("cors", "same-origin", "no-cors"):
            answer = person.get("/test/me", headers={"Sec-Fetch-Mode": mode})
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["error"] == "temporarily_unavailable"
            assert int(answer.headers["retry-after"]) > 0
            assert not cookies_set(answer)
        assert person.get("/test/me").headers["content-type"].startswith("text/html")


def test_a_failing_confirmation_is_skipped(latecomer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A confirmation that fails does not fail its page."""

    def fails(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("busy")

    latecomer.get("/test/me")
    with monkeypatch.context() as patched:
        patched.setattr(confirm, "run_in_autocommit", fails)
        assert latecomer.get("/test/me").status_code == 200
    assert latecomer.get("/test/me").status_code == 200


def test_theft_that_cannot_be_written_is_503(
    app: Flask, latecomer: Browser, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never served, and not forgotten either. The next request settles it."""
    old = latecomer.another_tab()
    latecomer.get("/test/me")
    latecomer.get("/test/me")
    clock.advance(71)

    def fails(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(end_reused, "transact", fails)
        answer = old.get("/test/me")
        assert answer.status_code == 503
        assert not cookies_set(answer)
    assert old.get("/test/open").headers["location"] == "/login?notice=reuse"
    assert latecomer.get("/test/me").status_code == 303


def test_a_stranger_gets_no_cookie(app: Flask) -> None:
    """Not even a session cookie, on a page without a form."""
    answer = Browser.of_app(app).get("/test/open")
    assert not cookies_set(answer)


def test_a_duplicate_cookie_is_invalid(app: Flask, latecomer: Browser, clock: SetClock) -> None:
    """A hostile neighbour that sets a second cookie of the name gains nothing, and it is noted."""
    client = app.test_client(use_cookies=False)
    header = f"access_token={latecomer.access}; refresh_token={latecomer.refresh}; refresh_token=x"
    answer = client.get("/test/me", environ_overrides={"HTTP_COOKIE": header})
    assert answer.status_code == 303
    assert "cookie.duplicate" in event_names(app)
    assert latecomer.get("/test/me").status_code == 200


def test_words_for_every_outcome_of_a_refresh() -> None:
    """Every refresh has a name that is shown and one that is counted."""
    assert len({str(what) for what in Refreshed}) == len(Refreshed) == 10
    assert refresh_flow.Issued(Refreshed.ENDED).row is None
