"""`EMAIL_VERIFICATION=required`: an attacker tries to get a session without proving the mailbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.mailbox import Outbox, code, link
from tests.support.server import CHEAP_HASHING, Server
from tests.support.sql import execute, query
from tests.support.trail import event_names
from webapp.core.demands import Demands
from webapp.core.redirects import MAX_LENGTH
from webapp.services import services_of
from webapp.web.metrics import LOG_INS

REQUIRED = {"WEBAPP_EMAIL_VERIFICATION": "required"}
NAME = "ada.lovelace"
ADDRESS = "ada.lovelace@example.com"
STEP = "/login/address"


@pytest.fixture
def settings() -> dict[str, str]:
    return REQUIRED


@pytest.fixture
def server_that_demands(tmp_path: Path) -> Iterator[Server]:
    """Two workers with the demand."""
    with Server(tmp_path / "server", workers=2, settings=REQUIRED | CHEAP_HASHING) as server:
        yield server


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Another browser than the visitor's."""
    return Browser.of_app(app)


def sign_up(browser: Browser, **fields: str) -> None:
    answer = browser.submit("/signup", username=NAME, email=ADDRESS, name="Ada", password=PASSWORD, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, STEP)


def mailed_code(app: Flask) -> str:
    return code(Outbox(app).newest(ADDRESS))


def confirm_by_hand(app: Flask) -> None:
    execute(app, "UPDATE users SET email_verified_at = 1")


def sessions(app: Flask) -> int:
    return len(query(app, "SELECT * FROM auth_sessions"))


def test_signing_up_goes_on_to_the_step(app: Flask, visitor: Browser) -> None:
    """No session and no tokens before the code; with it both, and the notice to nobody."""
    sign_up(visitor)
    assert (sessions(app), visitor.access, visitor.refresh) == (0, None, None)
    page = visitor.get(STEP)
    assert "a…@example.com" in page.text
    assert ADDRESS not in page.text
    answer = visitor.submit(STEP, code=mailed_code(app))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert visitor.get("/test/me").json()["username"] == NAME
    assert visitor.cookie("pending_login") is None
    assert event_names(app, user=NAME)[-3:] == ["email.confirmed", "login.succeeded", "session.started"]
    assert [mail["Subject"][:4] for mail in Outbox(app).all()] == ["Your"]


def test_a_login_is_challenged_until_the_address_is_confirmed(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """Where it leads and whether it stays are kept through the step."""
    sign_up(visitor)
    answer = stranger.submit("/login?next=/account", username=NAME, password=PASSWORD, remember="y")
    assert (answer.status_code, answer.headers["location"]) == (303, STEP)
    assert "login.challenged" in event_names(app, user=NAME)
    assert "login.succeeded" not in event_names(app, user=NAME)
    answer = stranger.submit(STEP, code=mailed_code(app))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "Max-Age" in next(c for c in answer.headers.get_list("set-cookie") if c.startswith("refresh_token"))
    stranger.log_out()
    assert stranger.log_in(NAME).headers["location"] == "/"


@pytest.mark.parametrize(
    "path", ["/test/me", "/account", "/account/email", "/api/v1/me", "/admin", "/account/sessions"]
)
def test_a_pending_login_opens_nothing(visitor: Browser, path: str) -> None:
    """It counts as nobody on every page and on the API."""
    sign_up(visitor)
    assert visitor.get(path).status_code in (303, 401)


BEND: dict[str, Callable[[str], str]] = {
    "tampered": lambda text: text[:-2] + ("AA" if text[-2:] != "AA" else "BB"),
    "another person": lambda text: "x" + text,
    "empty": lambda text: "",
    "long": lambda text: text * 40,
    "not ours": lambda text: "eyJhbGciOiJub25lIn0.e30.",
}


@pytest.mark.parametrize("bend", BEND.values(), ids=BEND)
def test_a_bent_cookie(app: Flask, visitor: Browser, bend: Callable[[str], str]) -> None:
    """To the login page, and no session."""
    sign_up(visitor)
    fields = visitor.read_form(STEP).fields | {"code": mailed_code(app)}
    visitor.set_cookie("pending_login", bend(visitor.cookie("pending_login") or ""))
    answers = (visitor.get(STEP), visitor.post(STEP, fields), visitor.post(f"{STEP}/send", fields))
    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [(303, "/login")] * 3
    assert sessions(app) == 0


def another_password(app: Flask, _clock: SetClock) -> None:
    execute(app, "UPDATE users SET credential_epoch = credential_epoch + 1")


def disabled(app: Flask, clock: SetClock) -> None:
    execute(app, "UPDATE users SET disabled_at = ?", clock())


def deleted(app: Flask, _clock: SetClock) -> None:
    execute(app, "DELETE FROM users")


def confirmed_elsewhere(app: Flask, _clock: SetClock) -> None:
    confirm_by_hand(app)


def too_late(_app: Flask, clock: SetClock) -> None:
    clock.advance(601)


@pytest.mark.parametrize("happens", [another_password, disabled, deleted, confirmed_elsewhere, too_late])
def test_a_pending_login_that_is_over(
    app: Flask, visitor: Browser, clock: SetClock, happens: Callable[[Flask, SetClock], None]
) -> None:
    """The password is asked for again, and where the login leads is not forgotten."""
    sign_up(visitor, next="/account")
    fields = visitor.read_form(STEP).fields | {"code": mailed_code(app)}
    happens(app, clock)
    answer = visitor.another_tab().get(STEP)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?notice=slow&next=%2Faccount")
    answer = visitor.post(STEP, fields)
    assert answer.status_code in (303, 422)
    assert (sessions(app), visitor.access) == (0, None)


def test_wrong_codes(app: Flask, visitor: Browser) -> None:
    """Each says how many are left; after five the right one is dead, and another one works."""
    sign_up(visitor)
    right = mailed_code(app)
    wrong = "0000 0000" if right != "0000 0000" else "1111 1111"
    answers = [visitor.submit(STEP, code=wrong) for _try in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 5
    assert "Attempts left: 4" in answers[0].text
    assert visitor.submit(STEP, code=right).status_code == 422
    assert visitor.submit(STEP, f"{STEP}/send").headers["location"] == f"{STEP}?notice=sent"
    assert visitor.submit(STEP, code=mailed_code(app)).status_code == 303


def test_a_pending_login_that_is_over_uses_up_no_code(
    app: Flask, visitor: Browser, stranger: Browser, clock: SetClock
) -> None:
    """An intruder who knew the password once must not keep its owner from ever typing a code in time."""
    sign_up(visitor)
    old = stranger.log_in(NAME)
    assert old.headers["location"] == STEP
    form = stranger.read_form(STEP).fields | {"code": "0000 0000"}
    clock.advance(601)
    assert visitor.log_in(NAME).headers["location"] == STEP
    typed = mailed_code(app)
    for _try in range(5):
        assert stranger.post(STEP, form).headers["location"].startswith("/login?notice=slow")
        stranger.http.cookies.update(old.cookies)
    assert visitor.submit(STEP, code=typed).status_code == 303


def test_the_longest_way_back_fits_into_the_cookie(app: Flask, visitor: Browser) -> None:
    """A login that leads to a long address can be finished like any other."""
    target = "/account?x=" + secrets.token_urlsafe(MAX_LENGTH)[: MAX_LENGTH - 11]
    answer = visitor.submit("/signup", username=NAME, email=ADDRESS, name="Ada", password=PASSWORD, next=target)
    assert answer.headers["location"] == STEP
    answer = visitor.submit(STEP, code=mailed_code(app))
    assert (answer.status_code, answer.headers["location"]) == (303, target)


def test_a_second_click(app: Flask, visitor: Browser) -> None:
    """Both answers hold the same session."""
    sign_up(visitor)
    fields = visitor.read_form(STEP).fields | {"code": mailed_code(app)}
    first = visitor.another_tab()
    assert (first.post(STEP, fields).status_code, visitor.post(STEP, fields).status_code) == (303, 303)
    assert (sessions(app), first.sid == visitor.sid) == (1, True)


def test_a_second_click_on_the_sign_up(app: Flask, visitor: Browser) -> None:
    """It goes on to the step like the first one."""
    form = visitor.read_form("/signup")
    fields = form.fields | {"username": NAME, "email": ADDRESS, "name": "", "password": PASSWORD}
    answers = [browser.post("/signup", fields) for browser in (visitor.another_tab(), visitor)]
    assert [answer.headers["location"] for answer in answers] == [STEP] * 2
    assert visitor.submit(STEP, code=mailed_code(app)).status_code == 303


def test_one_login_after_another_mails_one_code(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """An attacker with the password cannot fill the mailbox."""
    sign_up(visitor)
    for _login in range(4):
        stranger.log_in(NAME)
    mailed_code(app)
    assert len(Outbox(app).all()) == 1


def test_a_mistyped_address_is_corrected(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """The new address gets the code; the code, and a reset link, in the wrong mailbox are worthless from then on."""
    sign_up(visitor, next="/account")
    lost = mailed_code(app)
    visitor.another_tab().submit("/reset", login=NAME)
    lost_link = link(Outbox(app).newest(ADDRESS))
    clock.advance(60)
    answer = visitor.submit(STEP, f"{STEP}/correct", email="Ada@Example.net")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{STEP}?notice=corrected")
    page = visitor.get(answer.headers["location"]).text
    assert "A…@example.net" in page
    assert ADDRESS not in page
    assert visitor.submit(STEP, code=lost).status_code == 422
    page = visitor.another_tab().get(lost_link.partition(":8000")[2], follow_redirects=True).text
    assert "This link is no longer good" in page
    answer = visitor.submit(STEP, code=code(Outbox(app).newest("Ada@example.net")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert query(app, "SELECT email, email_verified_at IS NULL AS open FROM users") == [
        {"email": "Ada@example.net", "open": 0}
    ]


def correction(browser: Browser, address: str = "thief@example.net") -> int:
    """Try to name another address."""
    fields = {"csrf_token": browser.read_form(STEP).fields["csrf_token"], "email": address}
    return browser.post(f"{STEP}/correct", fields).status_code


@pytest.mark.parametrize(
    "meanwhile",
    ["UPDATE users SET created_at = created_at - 86401", "UPDATE users SET role = 'admin'", None],
    ids=["older than a day", "an administrator", "an intruder was in already"],
)
def test_a_password_alone_moves_no_account_that_matters(
    app: Flask, visitor: Browser, stranger: Browser, meanwhile: str | None
) -> None:
    """A thief with the password cannot name a mailbox of their own; the page says who helps."""
    if meanwhile is None:
        tokens = services_of(app).tokens
        tokens.demands = Demands()
        visitor.sign_up(NAME)
        visitor.log_out()
        tokens.demands = Demands(confirmed_address=True)
    else:
        sign_up(visitor)
        execute(app, meanwhile)
    assert stranger.log_in(NAME).headers["location"] == STEP
    page = stranger.get(STEP).text
    assert f"{STEP}/correct" not in page
    assert "Ask the operator" in page
    assert correction(stranger) == 422
    assert query(app, "SELECT COUNT(*) AS n FROM users WHERE email = 'thief@example.net'") == [{"n": 0}]


def test_a_correction_takes_nobodys_address(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """Another account's address, no address, and the present one are refused; the code that was mailed still works."""
    sign_up(visitor)
    stranger.submit("/signup", username="bob", email="bob@example.com", password=PASSWORD)
    right = mailed_code(app)
    assert [correction(visitor, address) for address in ("BOB@example.com", "nothing", ADDRESS)] == [422] * 3
    assert visitor.submit(STEP, code=right).status_code == 303
    assert correction(stranger.another_tab(), "x" * 5000) == 422


def test_a_correction_ends_other_logins_under_way(visitor: Browser, stranger: Browser) -> None:
    """Another browser with the password has to begin anew, and cannot correct the correction with the old cookie."""
    sign_up(visitor)
    stranger.log_in(NAME)
    fields = {"csrf_token": stranger.read_form(STEP).fields["csrf_token"], "email": "thief@example.net"}
    assert correction(visitor, "ada@example.net") == 303
    assert stranger.post(f"{STEP}/correct", fields).headers["location"] == "/login?notice=slow"


def corrected(browser: Browser, fields: dict[str, str]) -> tuple[int, str]:
    """What the form answers: its status, and where it leads."""
    answer = browser.post(f"{STEP}/correct", fields)
    return answer.status_code, answer.headers.get("location", "")


AS_THE_FIRST = (303, f"{STEP}?notice=corrected")


def test_two_clicks_on_the_correction(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """The second is led on like the first, whichever cookie it comes with, and mails nothing more; not much later."""
    sign_up(visitor)
    clock.advance(20)
    fields = visitor.read_form(STEP, f"{STEP}/correct").fields | {"email": "ada@example.net"}
    first, late = visitor.another_tab(), visitor.another_tab()
    assert corrected(first, fields) == AS_THE_FIRST
    assert corrected(visitor, fields) == AS_THE_FIRST
    assert corrected(first, fields) == AS_THE_FIRST  # the cookie of the first answer had arrived already
    assert visitor.get(STEP).status_code == 200
    right = code(Outbox(app).newest("ada@example.net"))
    assert len(Outbox(app).to("ada@example.net")) == 1
    assert event_names(app, user=NAME).count("email.changed") == 1
    clock.advance(31)
    assert corrected(late, fields) == (303, "/login?notice=slow")
    assert corrected(first, fields)[0] == 422
    assert visitor.submit(STEP, code=right).headers["location"] == "/"


def test_two_clicks_on_the_correction_at_once(server_that_demands: Server) -> None:
    """Two workers, one form: all are led on alike, one code is mailed, and it opens the account."""
    server = server_that_demands
    browser, name = server.browser(), f"u{secrets.token_hex(5)}"
    fields = {"username": name, "email": f"{name}@example.com", "name": "", "password": PASSWORD}
    assert browser.submit("/signup", **fields).headers["location"] == STEP
    server.clock.advance(20)
    new = f"{name}@example.net"
    form = browser.read_form(STEP, f"{STEP}/correct").fields | {"email": new}
    tabs = [browser.another_tab() for _ in range(3)]
    assert at_once(3, lambda number: corrected(tabs[number], form)) == [AS_THE_FIRST] * 3
    right = code(Outbox(server).newest(new))
    assert len(Outbox(server).to(new)) == 1
    assert tabs[-1].submit(STEP, code=right).headers["location"] == "/"


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE users SET credential_epoch = credential_epoch + 1",
        "UPDATE users SET email_verified_at = 1",
        "UPDATE users SET role = 'admin'",
        "UPDATE users SET email = 'other@example.net', email_key = 'other@example.net'",
        "UPDATE users SET disabled_at = 1, credential_epoch = credential_epoch + 1",
        "DELETE FROM security_events WHERE event = 'email.changed'",
    ],
    ids=["another password", "confirmed", "an administrator", "another address", "disabled", "no correction"],
)
def test_no_second_click(app: Flask, visitor: Browser, clock: SetClock, meanwhile: str) -> None:
    """A copy of the form and its cookie that comes moments after something else happened, too, begins anew."""
    sign_up(visitor)
    clock.advance(20)
    fields = visitor.read_form(STEP, f"{STEP}/correct").fields | {"email": "ada@example.net"}
    copy = visitor.another_tab()
    assert corrected(visitor, fields) == AS_THE_FIRST
    execute(app, meanwhile)
    assert corrected(copy, fields) == (303, "/login?notice=slow")


def test_a_login_of_the_same_second_is_no_first_click(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """A password proved in the second of the correction may have been replaced after it: the login, once more."""
    sign_up(visitor)
    stranger.log_in(NAME)
    fields = stranger.read_form(STEP, f"{STEP}/correct").fields | {"email": "ada@example.net"}
    assert correction(visitor, "ada@example.net") == 303
    assert corrected(stranger, fields) == (303, "/login?notice=slow")


def test_sessions_from_before_the_demand(app: Flask, visitor: Browser) -> None:
    """They are asked at the next request, on pages and API, keep their tokens, and live on once the address is good."""
    tokens = services_of(app).tokens
    tokens.demands = Demands()
    visitor.sign_up(NAME)
    with ApiClient.of_app(app) as client:
        client.log_in(NAME)
        tokens.demands = Demands(confirmed_address=True)
        answer = visitor.get("/test/me")
        assert answer.status_code == 303
        assert "notice=unconfirmed" in answer.headers["location"]
        assert "has to be confirmed first" in visitor.get(answer.headers["location"]).text
        assert client.get("/me").status_code == 401
        assert client.ask_refresh().status_code == 401
        assert visitor.access is not None
        confirm_by_hand(app)
        assert visitor.get("/test/me").status_code == 200
        assert client.get("/me").json()["email_verified"] is True


def test_the_old_session_is_replaced_by_the_login(app: Flask, visitor: Browser) -> None:
    """The step ends what the browser presents, so no session is left over that nobody holds."""
    tokens = services_of(app).tokens
    tokens.demands = Demands()
    visitor.sign_up(NAME)
    tokens.demands = Demands(confirmed_address=True)
    visitor.get("/test/me")
    assert visitor.log_in(NAME).headers["location"] == STEP
    assert visitor.submit(STEP, code=mailed_code(app)).status_code == 303
    reasons = query(app, "SELECT revoked_reason FROM auth_sessions ORDER BY created_at, revoked_at")
    assert sorted(str(row["revoked_reason"]) for row in reasons) == ["None", "replaced"]


def test_the_api_says_what_is_missing(app: Flask, visitor: Browser) -> None:
    """No tokens, no mail, and where to go; a wrong password says what it always says."""
    sign_up(visitor)
    mailed_code(app)
    with ApiClient.of_app(app) as client:
        answer = client.log_in(NAME)
        assert answer.status_code == 401
        assert (answer.json()["error"], answer.json()["methods"]) == ("email_unconfirmed", [])
        assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
        assert client.log_in(NAME, "not the password").json()["error"] == "invalid_grant"
        assert len(query(app, "SELECT * FROM mails")) == 1
        confirm_by_hand(app)
        assert client.log_in(NAME).status_code == 200


def test_logins_are_counted_as_what_they_are(app: Flask, visitor: Browser) -> None:
    """A right password that another step follows is no success yet."""
    before = {result: LOG_INS.labels("web", result)._value.get() for result in ("challenged", "succeeded", "wrong")}
    sign_up(visitor)
    visitor.log_in(NAME)
    visitor.submit(STEP, code=mailed_code(app))
    after = {result: LOG_INS.labels("web", result)._value.get() for result in before}
    assert {result: after[result] - before[result] for result in before} == {
        "challenged": 2,
        "succeeded": 1,
        "wrong": 0,
    }


def test_a_reset_confirms_the_address(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """A reset by mail proves the mailbox, so the next login asks for no code. The stranger's pending login is dead."""
    sign_up(stranger)
    late = mailed_code(app)
    visitor.submit("/reset", login=NAME)
    visitor.get(link(Outbox(app).newest(ADDRESS)).partition(":8000")[2])
    assert visitor.submit("/reset/new", new_password="another fine sentence").status_code == 303
    assert visitor.log_in(NAME, "another fine sentence").headers["location"] == "/"
    fields = stranger.read_form("/login").fields | {"code": late}
    assert stranger.post(STEP, fields).status_code != 200
    assert stranger.get("/test/me").status_code == 303


def test_a_planted_cookie_gives_the_planter_nothing(app: Flask, visitor: Browser, stranger: Browser) -> None:
    """Another user's pending login in my browser. My own login replaces it, and its code is needed all the same."""
    sign_up(stranger)
    visitor.set_cookie("pending_login", stranger.cookie("pending_login"))
    assert visitor.submit(STEP, code="1234 5678").status_code == 422
    answer = visitor.submit("/signup", username="bob", email="bob@example.com", password=PASSWORD)
    assert answer.headers["location"] == STEP
    assert "b…@example.com" in visitor.get(STEP).text


def test_no_guests_and_an_honest_lab(app: Flask, visitor: Browser) -> None:
    """A guest has no address to confirm, so the button is not there."""
    assert "/lab/guest" not in visitor.get("/").text
    assert visitor.post("/lab/guest", {}).status_code == 404


def test_it_needs_mail(tmp_path: Path) -> None:
    """Without mail nobody could ever log in, so the application does not start."""
    with pytest.raises(Exception, match="EMAIL_VERIFICATION"):
        build_app(tmp_path, REQUIRED | {"WEBAPP_MAIL_URL": "off"})
