"""Case 3 by itself, in process: access tokens that outlive refresh tokens, as only development allows."""

from __future__ import annotations

import pytest

from tests.support.browser import Browser, case_of, cookies_set
from tests.support.clock import SetClock


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_ACCESS_TOKEN_TTL": "600", "WEBAPP_REFRESH_TOKEN_TTL": "300"}


@pytest.fixture
def expired(visitor: Browser, clock: SetClock) -> Browser:
    visitor.sign_up()
    clock.advance(300)
    return visitor


def test_reissued_by_the_access_token(expired: Browser) -> None:
    """A valid access token reissues an expired refresh token and stays itself."""
    access, refresh = expired.access, expired.refresh
    answer = expired.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "case 3: refresh reissued"
    assert set(cookies_set(answer)) == {"refresh_token"}
    assert expired.access == access
    assert expired.refresh != refresh
    assert case_of(expired.get("/test/me")) == "case 4: both valid"


def test_the_same_post_is_served(expired: Browser, clock: SetClock) -> None:
    """A form posted in the access token's last second is served."""
    form = expired.read_form("/account")
    clock.advance(299)  # the new refresh token is as good as over, the access token in its last second
    answer = expired.post("/test/echo", form.fields | {"text": "x"})
    assert answer.status_code == 200
    assert answer.json()["text"] == "x"


@pytest.mark.parametrize(("seconds", "same"), [(3, True), (4, False)])
def test_a_lost_answer_gives_the_successor_again_or_another(
    expired: Browser, clock: SetClock, seconds: int, same: bool
) -> None:
    """The same one in the burst, for tabs in parallel; later a fork, and the one before counts no more."""
    lost = expired.another_tab()
    lost.get("/test/me")
    clock.advance(seconds)
    answer = expired.get("/test/me")
    assert case_of(answer) == "case 3: refresh reissued"
    assert (expired.refresh == lost.refresh) is same
    assert set(cookies_set(answer)) == {"refresh_token"}


def test_not_with_an_expired_access_token(expired: Browser, clock: SetClock) -> None:
    """With both tokens expired, the user logs in."""
    clock.advance(300)
    answer = expired.get("/test/me")
    assert answer.status_code == 303
    assert (expired.access, expired.refresh) == (None, None)


def test_not_with_the_refresh_token_of_another_session(expired: Browser, app: object) -> None:
    """An access token renews no refresh token of another session."""
    other = Browser.of_app(app)
    other.sign_up()
    thief = other.another_tab()
    thief.refresh = expired.refresh
    answer = thief.get("/test/me")
    assert answer.status_code == 303
    assert expired.get("/test/me").status_code == 200


def test_an_access_token_alone_renews_nothing(expired: Browser) -> None:
    """An access token alone is served and gets no refresh token."""
    expired.refresh = None
    answer = expired.get("/test/me")
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert case_of(answer) == "access valid, refresh absent"
