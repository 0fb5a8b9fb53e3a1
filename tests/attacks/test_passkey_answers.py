"""Answers of passkeys that prove nothing: from another place, of another key or person, used twice, bent in any way."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from tests.support.browser import Browser
from tests.support.clock import SetClock
from tests.support.crowd import at_once
from tests.support.passkeys import NEW, add_passkey, answered, browser_at_a_name, device_of, form_of, use_passkey
from tests.support.server import Server
from tests.support.sql import execute, query
from tests.support.trail import event_names
from webapp.core.ceremony import LIFE
from webapp.flows.purge import purge

LOG_IN, SECOND, STEP_UP = "/login/passkey", "/login/second/passkey", "/step-up/passkey"
DOORS = {LOG_IN: "/login", SECOND: "/login/second"}
"""Where an answer goes, and the page that asks for it."""


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """At `localhost`, not at a number."""
    return browser_at_a_name(app)


@pytest.fixture
def device(app: Flask, person: Browser, username: str) -> Authenticator:
    """The owner's passkey."""
    return with_passkey(app, person, username)


def with_passkey(app: Flask | Server, browser: Browser, username: str) -> Authenticator:
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    device = device_of(browser)
    assert add_passkey(browser, device).status_code == 200
    return device


def at_the_second_step(app: Flask, username: str) -> Browser:
    browser = browser_at_a_name(app)
    assert browser.log_in(username).headers["location"] == "/login/second"
    return browser


def sessions(place: Flask | Server) -> int:
    return len(query(place, "SELECT id FROM auth_sessions"))


BENT: list[dict[str, Any]] = [
    {"origin": "https://evil.example"},
    {"origin": "http://sub.localhost:8000"},
    {"origin": "http://localhost:8001"},
    {"origin": "https://localhost:8000"},
    {"origin": "http://localhost"},
    {"rp_id": "evil.example"},
    {"flags": PRESENT},
    {"flags": VERIFIED},
    {"crossOrigin": True},
    {"crossOrigin": "no"},
    {"topOrigin": "https://evil.example"},
    {"type": "webauthn.create"},
    {"key": ec.generate_private_key(ec.SECP256R1())},
    {"handle": b"b" * 16},
    {"challenge": "A" * 43},
]


@pytest.mark.parametrize("path", DOORS)
def test_answers_of_elsewhere(app: Flask, device: Authenticator, username: str, path: str) -> None:
    """Another origin, name or frame, nobody there or not verified, another key, another person: 422 and no session."""
    page, before = DOORS[path], sessions(app)
    stranger = at_the_second_step(app, username)
    for bent in BENT:
        refused = use_passkey(stranger, device, page, path, **bent)
        assert refused.status_code == 422, bent
        assert "That passkey did not work here." in refused.text
    assert sessions(app) == before
    # A browser that names nobody names the person at the second step only, where the cookie does.
    nobody = use_passkey(stranger, device, page, path, handle=None).status_code
    assert nobody == (303 if path == SECOND else 422)


@pytest.mark.parametrize("path", DOORS)
def test_an_answer_counts_once(app: Flask, device: Authenticator, username: str, path: str) -> None:
    """The same answer again, in the same browser or another one, opens nothing."""
    page = DOORS[path]
    first, later = at_the_second_step(app, username), at_the_second_step(app, username)
    form, options = form_of(first.get(page).text, path)
    fields = answered(form, device.get(options))
    copy = first.another_tab()
    assert first.post(path, fields).status_code == 303
    before = sessions(app)
    assert copy.post(path, fields).status_code == 422
    theirs = form_of(later.get(page).text, path)[0].fields
    refused = later.post(path, fields | {"csrf_token": theirs["csrf_token"]})
    assert refused.status_code == 422
    assert sessions(app) == before
    assert len(query(app, "SELECT nonce FROM spent")) == 2  # the registration's, and this one


def test_an_answer_counts_once_in_its_last_second(
    app: Flask, device: Authenticator, username: str, clock: SetClock
) -> None:
    """A purge does not forget a challenge that still counts, nor does that of a host whose clock is ahead."""
    stranger = browser_at_a_name(app)
    form, options = form_of(stranger.get("/login").text, LOG_IN)
    fields = answered(form, device.get(options))
    copy = stranger.another_tab()
    assert stranger.post(LOG_IN, fields).status_code == 303
    clock.advance(LIFE)
    with app.app_context():
        purge(clock() + 5)
    assert copy.post(LOG_IN, fields).status_code == 422


def test_a_ceremony_for_something_else(app: Flask, device: Authenticator, person: Browser, username: str) -> None:
    """The login's field at the second step, the second step's at the login, another pending login's, the new page's."""
    stranger, other = at_the_second_step(app, username), at_the_second_step(app, username)
    log_in = form_of(stranger.get("/login").text, LOG_IN)
    second = form_of(stranger.get("/login/second").text, SECOND)
    elsewhere = form_of(other.get("/login/second").text, SECOND)
    new = form_of(person.get(NEW).text, NEW)
    fields = {"csrf_token": second[0].fields["csrf_token"]}
    for path, begun in (
        (SECOND, log_in),
        (LOG_IN, second),
        (SECOND, elsewhere),
        (LOG_IN, new),
        (SECOND, new),
    ):
        answer = answered(begun[0], device.get(begun[1]))
        assert stranger.post(path, answer | fields).status_code == 422, path
    made = answered(second[0], device_of(person).create(new[1]), name="x")
    assert person.post(NEW, made | {"csrf_token": new[0].fields["csrf_token"]}).status_code == 422
    bent = second[0].fields["ceremony"]
    for ceremony in ("", "x", bent[:-1], bent.swapcase(), "é", "A" * 5000, bent + "\0"):
        answer = answered(second[0], device.get(second[1]), ceremony=ceremony)
        assert stranger.post(SECOND, answer).status_code == 422


def test_an_old_page(app: Flask, device: Authenticator, username: str, clock: SetClock) -> None:
    """After half an hour: 422 that says so, counted as no failure, with a new challenge that works."""
    stranger = browser_at_a_name(app)
    form, options = form_of(stranger.get("/login").text, LOG_IN)
    clock.advance(30 * 60 + 1)
    late = stranger.post(LOG_IN, answered(form, device.get(options)))
    assert late.status_code == 422
    assert "That took too long. Try again." in late.text
    form, options = form_of(late.text, LOG_IN)
    assert stranger.post(LOG_IN, answered(form, device.get(options))).status_code == 303


def test_another_users_passkey(app: Flask, device: Authenticator, username: str) -> None:
    """A right answer of one user proves nothing at another user's second step."""
    other = browser_at_a_name(app)
    name = other.sign_up()
    theirs = with_passkey(app, other, name)
    stranger = at_the_second_step(app, username)
    assert use_passkey(stranger, theirs, "/login/second", SECOND, handle=device.user_handle).status_code == 422
    assert use_passkey(stranger, theirs, "/login/second", SECOND).status_code == 422
    assert use_passkey(stranger, device, "/login/second", SECOND).status_code == 303


def test_at_the_step_up(app: Flask, device: Authenticator, person: Browser, username: str, clock: SetClock) -> None:
    """Another person's passkey, another session's page, a bent or used answer: not fresh; the owner's own is."""
    other = browser_at_a_name(app)
    theirs = with_passkey(app, other, other.sign_up())
    elsewhere = browser_at_a_name(app)
    use_passkey(elsewhere, device)
    clock.advance(601)
    asked = person.get(NEW).headers["location"]
    assert asked.startswith("/step-up?")
    assert use_passkey(person, theirs, asked, STEP_UP).status_code == 422
    assert use_passkey(person, theirs, asked, STEP_UP, handle=device.user_handle).status_code == 422
    for bent in BENT:
        assert use_passkey(person, device, asked, STEP_UP, **bent).status_code == 422, bent
    form, options = form_of(elsewhere.get(asked).text, STEP_UP)
    copied = answered(form, device.get(options))
    assert elsewhere.post(STEP_UP, copied).status_code == 303
    own = form_of(person.get(asked).text, STEP_UP)[0].fields
    assert person.post(STEP_UP, copied | {"csrf_token": own["csrf_token"]}).status_code == 422
    assert person.get(NEW).status_code == 303
    assert elsewhere.get(NEW).status_code == 200
    assert use_passkey(person, device, asked, STEP_UP).headers["location"] == NEW
    assert person.get(NEW).status_code == 200
    names = event_names(app, user=username)
    assert (names.count("step_up.passed"), names.count("step_up.failed") > 15) == (2, True)


def test_an_id_that_another_person_has(app: Flask, device: Authenticator, username: str) -> None:
    """Credential ids are unique over all people: 422, and the owner's passkey stays the owner's."""
    thief = browser_at_a_name(app)
    name = thief.sign_up()
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", name)
    copy = device_of(thief)
    copy.credential_id = device.credential_id
    refused = add_passkey(thief, copy)
    assert refused.status_code == 422
    assert "in use already" in refused.text
    assert len(query(app, "SELECT number FROM recovery_codes")) == 10  # the owner's
    stranger = browser_at_a_name(app)
    assert use_passkey(stranger, device).status_code == 303


@pytest.mark.parametrize(
    "bent", [{"flags": PRESENT}, {"origin": "http://localhost:1"}, {"crossOrigin": True}, {"rp_id": "x"}]
)
def test_new_passkeys_of_elsewhere(app: Flask, person: Browser, username: str, bent: dict[str, Any]) -> None:
    """Made at another place, or by nobody who was verified: 422 and no row."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    assert add_passkey(person, device_of(person), **bent).status_code == 422
    assert query(app, "SELECT id FROM passkeys") == []


def test_people_who_may_not(app: Flask, device: Authenticator, username: str) -> None:
    """A disabled account, a removed passkey, and an account that is gone: refused like any other."""
    for statement in (
        "UPDATE users SET disabled_at = 1 WHERE username = ?",
        "DELETE FROM users WHERE username = ?",
    ):
        execute(app, "UPDATE users SET disabled_at = NULL WHERE username = ?", username)
        execute(app, statement, username)
        execute(app, "DELETE FROM passkeys WHERE user_id NOT IN (SELECT id FROM users)")
        refused = use_passkey(browser_at_a_name(app), device)
        assert refused.status_code == 422
        assert "That passkey did not work here." in refused.text


def test_counters(app: Flask, device: Authenticator, username: str) -> None:
    """One that falls, stands, or is 0 after 5 is served and told; 0 after 0 is usual. The stored one only rises."""
    told = []
    for count in (0, 5, 3, 0, 5, 6):
        assert use_passkey(browser_at_a_name(app), device, count=count).status_code == 303
        told.append(event_names(app, user=username).count("passkey.counter"))
    assert told == [0, 0, 1, 2, 3, 3]
    assert query(app, "SELECT sign_count FROM passkeys")[0]["sign_count"] == 6


def test_mutations(app: Flask, device: Authenticator, username: str) -> None:
    """Answers bent at random places: 422, or served where nobody reads the place; one session at most, and no 500."""
    chance = random.Random(9)
    stranger = browser_at_a_name(app)
    form, options = form_of(stranger.get("/login").text, LOG_IN)
    whole = json.dumps(device.get(options))
    before = sessions(app)
    for _ in range(60):
        place, length = chance.randrange(len(whole)), chance.randrange(1, 4)
        noise = "".join(chance.choice('"{}[]:,0Aa\\u\0é') for _ in range(length))
        bent = whole[:place] + noise + whole[place + length :]
        copy = stranger.another_tab()
        assert copy.post(LOG_IN, answered(form, bent)).status_code in (303, 422), bent
    for bent in (
        "",
        "[]",
        "null",
        '{"id": 1}',
        '{"id": "a", "id": "b"}',
        "{" * 9000,
        "x" * 20_000,
        '{"id": "\\ud800"}',
    ):
        assert stranger.post(LOG_IN, answered(form, bent)).status_code == 422, bent
    assert sessions(app) <= before + 1


def test_nothing_secret_is_told(app: Flask, device: Authenticator, person: Browser, username: str) -> None:
    """The export names the passkey, and neither its key nor its id."""
    form = person.read_form("/account/delete", "/account/export")
    told = person.post("/account/export", form.fields).text
    assert '"kind":"passkey","last_used_at"' in told.replace(" ", "").replace("\n", "")
    assert device.id not in told
    assert "public_key" not in told


class TestLimits:
    """With the limits on."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_refusals_are_few(self, app: Flask, device: Authenticator, username: str) -> None:
        """Sixty from one address: then 429, one event; the second step has five, like codes, and a mail."""
        stranger = browser_at_a_name(app)
        fields = form_of(stranger.get("/login").text, LOG_IN)[0].fields | {"credential": "{}"}
        statuses = [stranger.post(LOG_IN, fields).status_code for _ in range(62)]
        assert statuses == [422] * 60 + [429] * 2
        assert len(query(app, "SELECT id FROM security_events WHERE event = 'login.limited'")) == 1
        stranger = at_the_second_step(app, username)
        statuses = [use_passkey(stranger, device, "/login/second", SECOND, flags=PRESENT).status_code for _ in range(6)]
        assert statuses == [422] * 5 + [429]
        names = event_names(app, user=username)
        assert (names.count("factor.failed"), names.count("factor.limited")) == (5, 1)


def test_one_answer_from_24_browsers(server: Server) -> None:
    """Four workers, both databases: one session for one answer."""
    owner = browser_at_a_name(server)
    name = owner.sign_up()
    device = with_passkey(server, owner, name)
    counted = "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = user_id WHERE username = ?"
    before = len(query(server, counted, name))
    first = browser_at_a_name(server)
    form, options = form_of(first.get("/login").text, LOG_IN)
    fields = answered(form, device.get(options))
    others = []
    for _ in range(3):
        other = browser_at_a_name(server)
        token = form_of(other.get("/login").text, LOG_IN)[0].fields["csrf_token"]
        others.append((other, fields | {"csrf_token": token}))
    crowd = [(first.another_tab(), fields) for _ in range(12)] + others * 4
    answers = at_once(24, lambda n: crowd[n][0].post(LOG_IN, crowd[n][1]).status_code)
    assert set(answers) <= {303, 422, 503}
    assert answers.count(303) == 1
    assert len(query(server, counted, name)) == before + 1
    # A text that PostgreSQL cannot even ask for is refused before.
    assert others[0][0].post(LOG_IN, others[0][1] | {"credential": '{"id": "\\u0000"}'}).status_code == 422
