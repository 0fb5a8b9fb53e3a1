"""The four cases and what surrounds them, through gunicorn with four workers, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.browser import Browser, case_of, cookies_set, read_parts
from tests.support.crowd import at_once
from tests.support.server import Server
from tests.support.trail import event_names
from tests.support.waiting import until

ACCESS_TTL, GRACE = 600, 10 + 60  # the grace, and what two hosts' clocks may differ
HOUR = 3600
REFRESH_TTL = 14 * 24 * HOUR


@pytest.fixture
def browser(server: Server) -> Browser:
    browser = server.browser()
    browser.sign_up()
    return browser


def generation(token: str | None) -> int:
    assert token
    return int(read_parts(token)[1]["gen"])


def test_case_4_both_valid(browser: Browser) -> None:
    """Two valid tokens are served and stay as they are."""
    before = browser.access, browser.refresh
    answer = browser.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "case 4: both valid"
    assert not cookies_set(answer)
    assert (browser.access, browser.refresh) == before


def test_case_2_access_expired(server: Server, browser: Browser) -> None:
    """An expired access token is reissued, with the next refresh token."""
    before = browser.access, browser.refresh
    server.clock.advance(ACCESS_TTL)
    answer = browser.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "case 2: access reissued"
    assert set(cookies_set(answer)) == {"access_token", "refresh_token"}
    assert browser.access != before[0]
    assert (generation(browser.access), generation(browser.refresh)) == (1, 1)


def test_case_2_the_same_post_is_served(server: Server, browser: Browser) -> None:
    """Body and all, with the form that was opened before: no redirect, no second try, nothing typed again."""
    form = browser.read_form("/account")
    server.clock.advance(ACCESS_TTL)
    answer = browser.post("/test/echo", form.fields | {"text": "안녕 <&> " * 300})
    assert answer.status_code == 200
    assert answer.json()["text"] == "안녕 <&> " * 300
    assert case_of(answer) == "case 2: access reissued"
    assert not answer.history


@pytest.mark.parametrize("lost", [None, "not.a.token"])
def test_case_2_without_a_usable_access_cookie(browser: Browser, lost: str | None) -> None:
    """Browsers drop cookies, so absent or invalid counts as expired."""
    browser.access = lost
    answer = browser.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "access reissued"
    assert generation(browser.access) == 1


def let_refresh_expire(browser: Browser) -> None:
    """The lab ends this browser's refresh token now, and leaves its access token as it is."""
    assert browser.submit("/lab", "/lab/expire/refresh").status_code == 200


def test_case_3_refresh_expired(browser: Browser, server: Server) -> None:
    """An expired refresh token is reissued by the access token, which stays."""
    server.clock.advance(1)
    let_refresh_expire(browser)
    access, current = browser.access, browser.refresh
    server.clock.advance(ACCESS_TTL - 2)
    answer = browser.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "case 3: refresh reissued"
    assert set(cookies_set(answer)) == {"refresh_token"}
    assert browser.access == access
    assert (generation(current), generation(browser.refresh)) == (0, 1)
    assert "refresh.renewed" in event_names(server, sid=browser.sid)
    server.clock.advance(2)
    assert case_of(browser.get("/test/me")) == "case 2: access reissued"


def test_case_3_not_by_an_access_token_younger_than_the_refresh_tokens_end(browser: Browser, server: Server) -> None:
    """So a stolen access token, or one obtained later, never grows into a refresh token."""
    server.clock.advance(1)
    let_refresh_expire(browser)
    thief = browser.another_tab()
    browser.get("/test/me")  # renewed
    server.clock.advance(2)
    browser.access = None
    browser.get("/test/me")  # and rotated, so this access token is younger than the end of the thief's refresh token
    thief.access = browser.access
    answer = thief.get("/test/me")
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert case_of(answer) == "case 3: access valid, refresh expired"


def test_case_1_both_expired(server: Server, browser: Browser) -> None:
    """Two expired tokens lead to the login page, with the way back, and are cleared."""
    server.clock.advance(REFRESH_TTL)
    answer = browser.get("/account?tab=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Faccount%3Ftab%3D1"
    assert (browser.access, browser.refresh) == (None, None)
    assert browser.get("/test/open").json() == {"signed_in": False}


def test_32_parallel_requests_with_one_expired_access_token(server: Server, browser: Browser) -> None:
    """All served, one rotation, one distinct successor."""
    sid = browser.sid
    server.clock.advance(ACCESS_TTL)
    tabs = [browser.another_tab() for _ in range(32)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda tab: tab.get("/test/me"), tabs))
    assert [answer.status_code for answer in answers] == [200] * 32
    cases = [case_of(answer) for answer in answers]
    assert cases.count("case 2: access reissued") + cases.count("case 2: access reissued, same refresh again") == 32
    successors = {cookies_set(answer)["refresh_token"].split(";")[0] for answer in answers}
    assert len(successors) == 1
    assert {generation(tab.refresh) for tab in tabs} == {1}
    # One rotation, because the successor's generation is the row's, or this would be redelivered, not proceed.
    assert case_of(tabs[0].get("/test/me")) == "case 4: both valid"
    assert "refresh.reused" not in event_names(server, sid=sid)


def test_a_lost_answer_repeated_an_hour_later(server: Server, browser: Browser) -> None:
    """The successor was never seen, so another one takes its place, however late; it is the one that counts."""
    server.clock.advance(ACCESS_TTL)
    lost = browser.another_tab()
    assert lost.get("/test/me").status_code == 200
    server.clock.advance(HOUR)
    answer = browser.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "case 2: access reissued, another refresh"
    assert browser.refresh != lost.refresh
    assert generation(browser.refresh) == generation(lost.refresh) == 1
    server.clock.advance(HOUR)
    assert browser.get("/test/me").status_code == 200


def test_a_parent_within_the_grace_gets_an_access_token_alone(server: Server, browser: Browser) -> None:
    """A replaced token in its grace period gets an access token of its own generation alone."""
    server.clock.advance(ACCESS_TTL)
    straggler = browser.another_tab()
    browser.get("/test/me")
    browser.get("/test/me")  # the successor is seen
    server.clock.advance(GRACE)
    answer = straggler.get("/test/me")
    assert answer.status_code == 200
    assert case_of(answer) == "case 2: access reissued in grace"
    assert set(cookies_set(answer)) == {"access_token"}
    assert generation(straggler.access) == 0


def test_a_replayed_old_token_after_the_grace(server: Server, browser: Browser) -> None:
    """The session is dead in every worker, there is one event, and the login page explains."""
    sid = browser.sid
    thief = browser.another_tab()
    server.clock.advance(ACCESS_TTL)
    browser.get("/test/me")
    browser.get("/test/me")
    server.clock.advance(GRACE + 1)
    for _ in range(8):
        answer = thief.another_tab().get("/test/open")  # public pages too
        assert answer.status_code in (200, 303)
        if answer.status_code == 303:
            assert answer.headers["location"] == "/login?notice=reuse"
    for _ in range(12):
        assert browser.another_tab().get("/test/me").status_code == 303
    answer = browser.get("/account")
    assert answer.headers["location"] == "/login?next=%2Faccount&notice=reuse"
    page = browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "because an old token was used again" in page.text
    assert event_names(server, sid=sid).count("refresh.reused") == 1
    assert "session.revoked" not in event_names(server, sid=sid)


def test_theft_by_many_requests_at_once_is_one_event(server: Server, browser: Browser) -> None:
    """Sixteen reuses at once are all refused and recorded once."""
    sid = browser.sid
    thief = browser.another_tab()
    server.clock.advance(ACCESS_TTL)
    browser.get("/test/me")
    browser.get("/test/me")
    server.clock.advance(GRACE + 1)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda tab: tab.get("/test/me"), [thief.another_tab() for _ in range(16)]))
    assert {answer.status_code for answer in answers} == {303}
    assert event_names(server, sid=sid).count("refresh.reused") == 1


def test_an_expired_old_token_is_never_theft(server: Server, browser: Browser) -> None:
    """An old token that has expired is refused and ends no session."""
    old = browser.another_tab()
    for _ in range(3):
        server.clock.advance(ACCESS_TTL)
        assert browser.get("/test/me").status_code == 200
        browser.get("/test/me")
    server.clock.advance(REFRESH_TTL - 3 * ACCESS_TTL)
    assert old.get("/test/me").status_code == 303
    assert browser.get("/test/me").status_code == 200, "an old leaked token must not end the session"


def test_a_view_slower_than_the_access_lifetime_while_other_tabs_refresh(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    """Its late answer hands out nothing, because it could put an old token back behind a newer one."""
    server.clock.advance(ACCESS_TTL)
    gate = tmp_path / "gate"
    slow = browser.another_tab()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(slow.get, "/test/slow", params={"until": str(gate)})
        until(gate.with_suffix(".waiting").exists, what="the slow view is reached")
        for _ in range(3):
            server.clock.advance(ACCESS_TTL + 1)
            assert browser.get("/test/me").status_code == 200
            assert browser.get("/test/me").status_code == 200
        gate.touch()
        answer = pending.result(25)
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert case_of(answer) == "case 2: nothing reissued: too late"
    assert browser.get("/test/me").status_code == 200


def test_a_slow_view_alone_still_rotates(server: Server, browser: Browser, tmp_path: Path) -> None:
    """Its token is still current, so it is renewed however long the view took."""
    server.clock.advance(ACCESS_TTL)
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(browser.get, "/test/slow", params={"until": str(gate)})
        until(gate.with_suffix(".waiting").exists, what="the slow view is reached")
        server.clock.advance(2 * ACCESS_TTL)
        gate.touch()
        answer = pending.result(25)
    assert case_of(answer) == "case 2: access reissued"
    assert case_of(browser.get("/test/me")) == "case 4: both valid"


def test_a_log_out_during_the_view_wins(server: Server, browser: Browser, tmp_path: Path) -> None:
    """A request that the logout overtakes is served and gets no token."""
    server.clock.advance(ACCESS_TTL)
    gate = tmp_path / "gate"
    slow = browser.another_tab()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(slow.get, "/test/slow", params={"until": str(gate)})
        until(gate.with_suffix(".waiting").exists, what="the slow view is reached")
        assert browser.log_out().status_code == 303
        gate.touch()
        answer = pending.result(25)
    assert answer.status_code == 200
    assert not cookies_set(answer)
    assert case_of(answer) == "case 2: nothing reissued: session ended"
    assert slow.get("/test/me").status_code == 303


def leave(browser: Browser, fields: dict[str, str]) -> httpx.Response:
    """Log out; a busy machine may answer 503, which promises that nothing has happened and that one may try again."""
    for _ in range(5):
        answer = browser.post("/logout", fields)
        if answer.status_code != 503:
            break
    return answer


def test_log_out_racing_eight_refreshes(server: Server) -> None:
    """Fifty rounds: afterwards no token that anybody received works, in any worker."""
    browser = server.browser()
    name = browser.sign_up()
    form = browser.read_form("/", "/logout")
    with ThreadPoolExecutor(9) as pool:
        for turn in range(50):
            if turn:
                answer = browser.log_in(name)
                assert answer.status_code == 303
                form = browser.read_form("/", "/logout")
            server.clock.advance(ACCESS_TTL)
            tabs = [browser.another_tab() for _ in range(8)]
            leaving = browser.another_tab()
            refreshes = [pool.submit(tab.get, "/test/me") for tab in tabs]
            departure = pool.submit(leave, leaving, form.fields)
            assert departure.result().status_code == 303
            assert {r.result().status_code for r in refreshes} <= {200, 303, 503}
            held = [tab for tab in tabs if tab.access or tab.refresh]
            again = list(pool.map(lambda tab: tab.another_tab().get("/test/me"), [*held[:2], browser]))
            assert {answer.status_code for answer in again} <= {303}, f"round {turn}"


def eight_at_once(kept: Browser) -> list[httpx.Response]:
    """Over connections of their own, because the same idle worker may well take them all, one after the other."""
    tabs = [kept.another_tab() for _ in range(8)]
    return at_once(8, lambda number: tabs[number].get("/test/me"))


def test_a_log_out_acts_in_every_worker(server: Server, browser: Browser) -> None:
    """A logout is known to each worker at once."""
    kept = browser.another_tab()
    pids: set[str] = set()
    for _ in range(40):
        pids |= {answer.json()["pid"] for answer in eight_at_once(kept)}
        if len(pids) > 1:
            break
    assert len(pids) > 1
    assert browser.log_out().status_code == 303
    for _ in range(5):
        assert {answer.status_code for answer in eight_at_once(kept)} == {303}


def test_a_stolen_access_token_alone_never_yields_a_refresh_token(server: Server, browser: Browser) -> None:
    """A stolen access token is served until it expires and gets no token."""
    thief = server.browser()
    thief.access = browser.access
    for _ in range(3):
        answer = thief.get("/test/me")
        assert answer.status_code == 200
        assert not cookies_set(answer)
        server.clock.advance(ACCESS_TTL // 3)
    assert thief.get("/test/me").status_code == 303


def test_two_people_in_one_browser_pair(server: Server, browser: Browser) -> None:
    """A mixed pair fails safe: log in, nothing revoked, one event."""
    other = server.browser()
    other.sign_up()
    mixed = server.browser()
    mixed.access, mixed.refresh = browser.access, other.refresh
    assert mixed.get("/test/me").status_code == 303
    assert browser.get("/test/me").status_code == 200
    assert other.get("/test/me").status_code == 200
    assert "token.pair_mismatch" in event_names(server, sid=other.sid)


def test_no_browser_sees_a_500(server: Server) -> None:
    """Bytes that the in-process client cannot send are refused on a socket."""
    for headers in (
        {"Cookie": "access_token=" + "x" * 15_000},
        {"Cookie": b"access_token=\xff\xfe; refresh_token=\x80"},
        {"Accept-Language": "x" * 5000},
        {"User-Agent": b"\xff\xfe\xfd" * 100},
        {"Referer": "\\\\evil"},
    ):
        answer = httpx.get(f"{server.url}/account", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code in (303, 400), headers
