"""Where am I logged in, and what happened here."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import SetClock
from tests.support.trail import events

WHALE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Whale/3.27"
DAY = 86400


def rows(browser: Browser) -> tuple[list[str], list[str]]:
    """The living and the ended sessions, each as the text of its row."""
    page = browser.get("/account/sessions")
    assert page.status_code == 200
    alive, _, ended = page.text.partition('id="ended"')
    return alive.split('<li class="row')[1:], ended.split('<li class="row')[1:]


@pytest.fixture
def second(app: Flask, visitor: Browser) -> Browser:
    """Another browser of the same person."""
    name = visitor.sign_up()
    browser = Browser.of_app(app)
    browser.http.headers["User-Agent"] = WHALE
    browser.log_in(name)
    return browser


def test_devices_are_listed_this_one_first(visitor: Browser, second: Browser, clock: SetClock) -> None:
    """Each with its device in words and a shortened address; the one looking is marked, in either browser."""
    alive, ended = rows(second)
    assert len(alive) == 2
    assert ended == []
    assert "Whale on Windows" in alive[0]
    assert "This device" in alive[0]
    assert "127.0.0.x" in alive[0]
    assert "python-httpx" in alive[1]
    assert "This device" not in alive[1]
    assert "python-httpx" in rows(visitor)[0][0]


def test_ending_one(visitor: Browser, second: Browser) -> None:
    """It is over with that device's next request, which is told why; the list says so too."""
    theirs = second.sid
    answer = visitor.submit("/account/sessions", f"/account/sessions/{theirs}/revoke")
    assert answer.headers["location"] == "/account/sessions?notice=ended"
    assert second.get("/account").headers["location"] == "/login?next=%2Faccount&notice=ended"
    assert "ended from another device" in second.get("/login?notice=ended").text
    alive, ended = rows(visitor)
    assert len(alive) == 1
    assert "Ended from another device." in ended[0]
    again = visitor.post(f"/account/sessions/{theirs}/revoke", visitor.read_form("/account").fields)
    assert again.status_code == 404


def test_ending_this_one_logs_out(visitor: Browser, second: Browser) -> None:
    """Ending the session in use is a logout, also in the words of the list."""
    mine = visitor.sid
    answer = visitor.submit("/account/sessions", f"/account/sessions/{mine}/revoke")
    assert answer.headers["location"] == "/login?notice=logout"
    assert (visitor.access, visitor.refresh) == (None, None)
    assert "You logged out." in rows(second)[1][0]


@pytest.mark.parametrize("which", ["this one", "another"])
def test_ending_a_session_is_one_story_at_both_doors(app: Flask, visitor: Browser, which: str) -> None:
    """The same reason in the trail, and 404 for a session that is over, by page and by API."""
    name = visitor.sign_up()
    stories = []
    for door in ("page", "api"):
        asking, other = ApiClient.of_app(app), ApiClient.of_app(app)
        asking.log_in(name)
        other.log_in(name)
        browser = Browser.of_app(app)
        browser.log_in(name)
        form = browser.read_form("/account").fields
        own = next(e["id"] for e in asking.get("/sessions").json()["sessions"] if e["current"])
        theirs = next(e["id"] for e in other.get("/sessions").json()["sessions"] if e["current"])
        if door == "page":
            sid = browser.sid if which == "this one" else theirs
            first = browser.post(f"/account/sessions/{sid}/revoke", form).status_code
            asked_again = Browser.of_app(app)
            asked_again.log_in(name)
            form = asked_again.read_form("/account").fields
            second = asked_again.post(f"/account/sessions/{sid}/revoke", form).status_code
            assert (first, second) == (303, 404)
        else:
            sid = own if which == "this one" else theirs
            first = asking.send("DELETE", f"/sessions/{sid}").status_code
            asking.log_in(name)
            assert (first, asking.send("DELETE", f"/sessions/{sid}").status_code) == (204, 404)
        ends = [event for event in events(app, sid=sid) if event["event"] == "session.revoked"]
        stories.append([event["detail"] for event in ends])
    reason = "logout" if which == "this one" else "ended"
    assert stories == [[{"reason": reason}]] * 2


def test_ending_all_others(app: Flask, visitor: Browser, second: Browser) -> None:
    """Ending all others leaves the session in use alone."""
    third = Browser.of_app(app)
    third.log_in(visitor.get("/test/me").json()["username"])
    answer = second.submit("/account/sessions", "/account/sessions/revoke-others")
    assert answer.headers["location"] == "/account/sessions?notice=others"
    assert [b.get("/test/me").status_code for b in (visitor, second, third)] == [303, 200, 303]
    assert len(rows(second)[1]) == 2


def test_other_peoples_unknown_and_odd_ids_are_the_same_404(app: Flask, visitor: Browser) -> None:
    """No answer tells a user that another user's session exists, and it does not end."""
    visitor.sign_up()
    stranger = Browser.of_app(app)
    stranger.sign_up()
    form = stranger.read_form("/account").fields
    bodies = set()
    for sid in (visitor.sid, "0" * 32, "x", "'", "%00", "é" * 400, "-1"):
        answer = stranger.post(f"/account/sessions/{sid}/revoke", form)
        assert answer.status_code == 404, sid
        bodies.add(re.sub(r'value="[^"]*"', "", answer.text).replace(answer.headers["x-request-id"], "ID"))
    assert len(bodies) == 1
    assert visitor.get("/test/me").status_code == 200


def test_a_session_that_ran_out_says_so_and_is_forgotten_after_thirty_days(
    app: Flask, visitor: Browser, clock: SetClock
) -> None:
    """Unused for the life of its refresh token it can never come back, so it is listed as ended."""
    name = visitor.sign_up()
    clock.advance(15 * DAY)
    later = Browser.of_app(app)
    later.log_in(name)
    alive, ended = rows(later)
    assert (len(alive), len(ended)) == (1, 1)
    assert "not used for too long" in ended[0]
    client = ApiClient.of_app(app)
    client.log_in(name)
    listed = client.get("/sessions").json()["sessions"]
    assert sorted(session["channel"] for session in listed) == ["api", "web"], "the API lists what the page lists"
    assert client.send("DELETE", f"/sessions/{client.get('/sessions').json()['sessions'][0]['id']}").status_code == 204
    assert visitor.get("/test/me").status_code == 303
    clock.advance(31 * DAY)
    later.log_in(name)
    assert ["Expired: not used for too long" in row for row in rows(later)[1]] == [True]


def test_strangers_are_asked_to_log_in(visitor: Browser) -> None:
    """A stranger is sent to the login page with the way back."""
    for path in ("/account/sessions", "/account/activity", "/account/password", "/admin"):
        assert visitor.get(path).headers["location"].startswith("/login?next=")


def test_activity_is_paged_newest_first(visitor: Browser, clock: SetClock) -> None:
    """The activity shows 25 events on a page, newest first, to the very first."""
    name = visitor.sign_up()
    for _ in range(14):
        clock.advance(60)
        visitor.log_out()
        visitor.log_in(name)
    page = visitor.get("/account/activity").text
    assert page.count("<code>") == 25
    assert page.index("session.started") < page.index("session.revoked")
    older = page.partition('href="/account/activity?before=')[2].partition('"')[0]
    last = visitor.get(f"/account/activity?before={older}").text
    assert "Account created." in last
    assert 'href="/account/activity?before=' not in last


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 30, "1%00"])
def test_an_odd_page_of_the_activity_is_a_400(visitor: Browser, before: str) -> None:
    """An odd position in the activity is a 400."""
    visitor.sign_up()
    assert visitor.get(f"/account/activity?before={before}").status_code == 400


def test_activity_shows_failed_log_ins_but_nobody_elses(app: Flask, visitor: Browser) -> None:
    """A failed login is shown to the user it was for, and to no other."""
    name = visitor.sign_up()
    Browser.of_app(app).log_in(name, "wrong password")
    stranger = Browser.of_app(app)
    stranger.sign_up()
    assert "Failed login attempt." in visitor.get("/account/activity").text
    assert "failed" not in stranger.get("/account/activity").text


def test_korean(visitor: Browser) -> None:
    """Dates and words; no English left over in the rows."""
    visitor.sign_up()
    visitor.submit("/account", language="ko")
    page = visitor.get("/account/sessions").text
    assert '<html lang="ko"' in page
    assert PASSWORD not in page
