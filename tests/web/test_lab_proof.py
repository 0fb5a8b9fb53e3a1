"""The lab's control "Prove it is you": what it moves, what it leaves alone, and the line that says how long."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser, case_of, read_parts
from tests.support.clock import SetClock
from tests.support.passkeys import add_passkey, browser_at_a_name, device_of, use_passkey
from tests.support.sql import execute, query
from tests.support.totp import code, set_up


def prove(visitor: Browser, **fields: str) -> httpx.Response:
    form = visitor.read_form("/lab", "/lab/prove")
    return visitor.post(form.action, form.fields | {"password": PASSWORD} | fields)


def state_of(page: str) -> dict[str, Any]:
    found = re.search(r'data-state="([^"]*)"', page)
    assert found
    state: dict[str, Any] = json.loads(unescape(found[1]))
    return state


def auth_times(app: Flask, visitor: Browser) -> tuple[int, int]:
    """Of the access token, and of the row."""
    (row,) = query(app, "SELECT auth_time FROM auth_sessions WHERE id = ?", visitor.sid)
    return read_parts(visitor.access or "")[1]["auth_time"], row["auth_time"]


def test_it_moves_auth_time_and_says_so(app: Flask, person: Browser, clock: SetClock) -> None:
    """In token and row. A refresh token that has been in use for a while is replaced, a young one stays, and why."""
    person.get("/lab")
    clock.advance(100)
    old = person.refresh
    page = prove(person)
    assert page.status_code == 200
    assert case_of(page).startswith("case 4")
    assert auth_times(app, person) == (clock(), clock())
    assert person.refresh != old
    assert "the refresh token was replaced" in page.text
    assert state_of(page.text)["fresh_until"] == clock() + 600
    person.get("/lab")
    clock.advance(5)
    old = person.refresh
    page = prove(person)
    assert auth_times(app, person) == (clock(), clock())
    assert person.refresh == old
    assert "The refresh token stayed, because other tabs may still be using the one before" in page.text


def test_a_wrong_password_moves_nothing(app: Flask, person: Browser, clock: SetClock) -> None:
    """422 with the lab itself, which says so; tokens and row are as they were."""
    person.get("/lab")
    clock.advance(100)
    before = auth_times(app, person), person.refresh
    page = prove(person, password="wrong")
    assert page.status_code == 422
    assert "the password or the code was wrong, so nothing changed" in page.text
    assert re.search(r'<details class="sure sure-plain" open>', page.text)
    assert (auth_times(app, person), person.refresh) == before


def test_no_other_control_makes_a_token_fresh(app: Flask, person: Browser, clock: SetClock) -> None:
    """The line says when it is over, whatever the levers reissue; the proof decides nothing about the cases."""
    page = person.get("/lab").text
    began = clock()
    assert state_of(page)["fresh_until"] == began + 600
    assert "<b>1fa</b>" in page
    token = person.read_form("/lab", "/lab/send").fields["csrf_token"]
    for lever in ("expire/access", "send", "clock/fast", "clock/normal", "expire/refresh", "send", "reset"):
        clock.advance(10)
        page = person.post(f"/lab/{lever}", {"csrf_token": token}).text
        assert state_of(page)["fresh_until"] == began + 600, lever
    assert re.search(r"<span hidden>not fresh", page)
    clock.advance(600)
    page = person.get("/lab").text
    assert re.search(r"<span hidden>fresh until", page)
    assert "not fresh: pages that matter ask first" in page
    assert "no fifth case" in page
    assert state_of(prove(person).text)["fresh_until"] == clock() + 600


def test_with_a_second_factor(app: Flask, person: Browser, username: str, clock: SetClock) -> None:
    """The control asks for the code as well; the level stands on the line."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    secret, _shown = set_up(person, clock())
    assert prove(person).status_code == 422
    page = prove(person, otp=code(secret, clock()))
    assert page.status_code == 200
    assert "<b>2fa</b>" in page.text
    assert "<code>pwd otp mfa</code>" in page.text


def test_with_a_passkey(app: Flask, clock: SetClock) -> None:
    """A user who has nothing but passkeys is offered one, and no password; it leads back to the lab."""
    owner = browser_at_a_name(app)
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", owner.sign_up())
    device = device_of(owner)
    add_passkey(owner, device)
    page = owner.get("/lab").text
    assert "prove-password" not in page
    clock.advance(100)
    done = use_passkey(owner, device, "/lab", "/step-up/passkey")
    assert (done.status_code, done.headers["location"]) == (303, "/lab")
    page = owner.get("/lab").text
    assert state_of(page)["fresh_until"] == clock() + 600
    assert "<b>phr</b>" in page


def test_a_guest_has_nothing_to_prove(visitor: Browser) -> None:
    """The control says so, and its address refuses."""
    visitor.submit("/", "/lab/guest")
    page = visitor.get("/lab").text
    assert "A guest of the lab has no password" in page
    assert "/lab/prove" not in page
    token = visitor.read_form("/lab", "/lab/send").fields["csrf_token"]
    assert visitor.post("/lab/prove", {"csrf_token": token, "password": PASSWORD}).status_code == 422


def test_the_tour_ends_with_it(person: Browser, clock: SetClock) -> None:
    """The sixth step is done once the user has proved who they are."""
    assert person.get("/lab?step=6").text.count('class="tick"') == 1  # the request itself: case 4
    form = person.read_form("/lab?step=6", "/lab/prove")
    page = person.post(form.action, form.fields | {"password": PASSWORD}).text
    assert "6 of 6: Log in, and prove it again" in page
    assert page.count('class="tick"') == 2


class TestLimited:
    """With the limits on."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_guesses_are_counted_with_those_of_the_step_up(self, person: Browser) -> None:
        """Another door to the same password is no way around the limit."""
        form = person.read_form("/lab", "/lab/prove")
        statuses = [person.post("/lab/prove", form.fields | {"password": "wrong"}).status_code for _ in range(11)]
        assert statuses == [422] * 10 + [429]
        assert person.post("/step-up", form.fields | {"password": PASSWORD, "next": "/"}).status_code == 429


class TestLimits:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on"}

    def test_proofs_are_counted_as_on_their_own_page(self, person: Browser) -> None:
        """Wrong and limited ones of the lab stand in /metrics, because all doors take a step-up by one function."""
        before = {result: count_of(person, result) for result in ("wrong", "limited")}
        statuses = [prove(person, password="wrong").status_code for _ in range(11)]
        assert statuses == [422] * 10 + [429]
        grown = {result: count_of(person, result) - number for result, number in before.items()}
        assert grown == {"wrong": 10, "limited": 1}


def count_of(visitor: Browser, result: str) -> float:
    found = re.search(
        rf'^tokenroom_step_ups_total\{{result="{result}"\}} (\S+)$', visitor.get("/metrics").text, re.MULTILINE
    )
    return float(found[1]) if found else 0.0
