"""Rate limits: where they count, what they spare, and what happens when the store is away. (tests/attacks has the
parallel guesses.)"""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest
from flask import Flask
from limits.errors import StorageError

from tests.support.browser import PASSWORD, Browser, FormReader, case_of, cookies_set
from tests.support.clock import SetClock
from tests.support.passkeys import add_passkey, browser_at_a_name, device_of
from tests.support.sql import execute, query
from tests.support.totp import code, secret_of, set_up
from tests.support.trail import event_names
from webapp.flows import prove_factor
from webapp.store.counters import Window
from webapp.web.limits import count, network_of

REDIS = "redis://127.0.0.1:6379/9"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_RATE_LIMITS": "on"}


def guess(app: Flask, login: str, times: int) -> list[int]:
    browser = Browser.of_app(app)
    fields = browser.read_form("/login").fields | {"username": login, "password": "wrong password"}
    return [browser.post("/login", fields).status_code for _ in range(times)]


def test_the_window_opens_again_and_the_trail_says_it_once(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """429 says in how many seconds, and that is true to the second."""
    name = visitor.sign_up()
    assert guess(app, name, 13) == [422] * 10 + [429] * 3
    assert event_names(app, user=name).count("login.limited") == 1
    assert event_names(app, user=name).count("login.failed") == 10
    answer = Browser.of_app(app).log_in(name)
    wait = int(answer.headers["retry-after"])
    assert answer.status_code == 429
    assert "15 minutes" in answer.text
    clock.advance(wait - 1)
    assert Browser.of_app(app).log_in(name).status_code == 429
    clock.advance(1)
    assert Browser.of_app(app).log_in(name).status_code == 303


def test_what_was_typed_is_not_stored(app: Flask, visitor: Browser) -> None:
    """Counters are kept under hashes, because people type passwords into the wrong field."""
    guess(app, "my secret password", 1)
    rows = [row["key"] for row in query(app, "SELECT key FROM rate_counters")]
    assert len(rows) == 2
    assert "secret" not in str(rows)
    assert "127.0.0.1" not in str(rows)


def test_recovery_codes(
    app: Flask, person: Browser, username: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten sets an hour, the first factor's included, and none where none is needed. Each costs ten password hashes."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    page = person.get("/account/factors/totp").text
    (form,) = (form for form in FormReader(page).forms if form.action == "/account/factors/totp")
    set_up(person, clock())
    made: list[str] = []
    monkeypatch.setattr(prove_factor, "hash_password", lambda code: made.append(code) or code)
    again = form.fields | {"otp": code(secret_of(page), clock())}
    assert person.post("/account/factors/totp", again).status_code == 303
    assert not made
    fields = person.read_form("/account/factors", "/account/factors/codes").fields
    answers = [person.post("/account/factors/codes", fields).status_code for _ in range(12)]
    assert answers == [200] * 9 + [429] * 3
    assert len(made) == 90


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Recovery codes that were hashed."""
    made: list[str] = []
    monkeypatch.setattr(prove_factor, "hash_password", lambda code: made.append(code) or code)
    return made


def test_a_first_factor_on_and_off_in_turn(
    app: Flask, person: Browser, username: str, clock: SetClock, hashed: list[str]
) -> None:
    """App and passkey alike: the eleventh first factor of an hour is refused before a code is hashed; a wrong code of
    the app counts as nothing. An hour later it goes on."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    owner = browser_at_a_name(app)
    owner.log_in(username)

    def off(action: str) -> None:
        assert owner.submit("/account/factors", action).status_code == 303

    for number in range(10):
        if number % 2:
            assert owner.submit("/account/factors/totp", otp="000000").status_code == 422
            assert set_up(owner, clock())[1].status_code == 200
            off("/account/factors/totp/remove")
        else:
            assert add_passkey(owner, device_of(owner)).status_code == 200
            (passkey,) = query(app, "SELECT id FROM passkeys")
            off(f"/account/factors/passkeys/{passkey['id']}/remove")
    assert len(hashed) == 100
    refused = set_up(owner, clock())[1]
    assert refused.status_code == 429
    assert "New recovery codes were made too often in the last hour." in refused.text
    assert add_passkey(owner, device_of(owner)).status_code == 429
    assert len(hashed) == 100
    assert query(app, "SELECT COUNT(*) AS n FROM totp_factors") == [{"n": 0}]
    clock.advance(3600)
    owner.prove()
    assert set_up(owner, clock())[1].status_code == 200


class TestDemanded:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_RATE_LIMITS": "on", "WEBAPP_MFA_REQUIRED": "all", "WEBAPP_MAIL_URL": "off"}

    def test_setting_up_at_a_login_is_counted_as_well(
        self, app: Flask, visitor: Browser, clock: SetClock, hashed: list[str]
    ) -> None:
        """A role that needs a factor gets its codes under the same limit, so tabs at the same moment hash ten sets."""
        name = visitor.sign_up()
        (row,) = query(app, "SELECT id FROM users WHERE username = ?", name)
        with app.app_context():
            for _ in range(10):
                count("codes", row["id"])
        secret = secret_of((page := visitor.get("/login/enrol")).text)
        (form, *_) = (f.fields for f in FormReader(page.text).forms if "sealed" in f.fields)
        right = form | {"otp": code(secret, clock())}
        assert visitor.another_tab().post("/login/enrol", right).status_code == 429
        assert not hashed


def test_refresh_thirty_times_a_minute_then_served_without(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """Above the limit the page is served and the tokens stay as they are; a minute later they are renewed."""
    visitor.sign_up()
    for _ in range(30):
        visitor.access = None
        assert "refresh_token" in cookies_set(visitor.get("/test/me"))
    visitor.access = None
    answer = visitor.get("/test/me")
    assert answer.status_code == 200
    assert cookies_set(answer) == {}
    assert case_of(answer) == "nothing reissued: too many refreshes"
    clock.advance(60)
    assert set(cookies_set(visitor.get("/test/me"))) == {"access_token", "refresh_token"}


def test_ordinary_refreshes_are_not_even_counted(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """One refresh in a minute or more costs no counter."""
    visitor.sign_up()
    for _ in range(3):
        clock.advance(601)
        assert "refresh_token" in cookies_set(visitor.get("/test/me"))
    keys = [row["key"] for row in query(app, "SELECT key FROM rate_counters")]
    assert [key for key in keys if "refresh" in key] == []


def test_the_current_password_can_be_tried_ten_times(visitor: Browser) -> None:
    """An open browser does not give the password away."""
    visitor.sign_up()
    codes = [
        visitor.submit("/account/password", current_password="wrong one", new_password="another sentence").status_code
        for _ in range(11)
    ]
    assert codes == [422] * 10 + [429]
    right = visitor.submit("/account/password", current_password=PASSWORD, new_password="another sentence")
    assert right.status_code == 429


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "off"}])
def test_off_means_off(app: Flask, visitor: Browser, settings: dict[str, str]) -> None:
    """Without rate limits twelve guesses get twelve plain answers."""
    name = visitor.sign_up()
    assert guess(app, name, 12) == [422] * 12


def redis_there() -> bool:
    import redis

    try:
        return bool(redis.Redis.from_url(REDIS).ping())
    except redis.RedisError:
        return False


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on", "WEBAPP_REDIS_URL": REDIS}])
def test_redis_counts_where_it_is_set(app: Flask, visitor: Browser, settings: dict[str, str]) -> None:
    """The same behaviour, and the counters are in Redis, so a second application shares them."""
    import redis

    from tests.support.databases import need

    need("Redis", there=redis_there())
    redis.Redis.from_url(REDIS).flushdb()
    name = f"n{secrets.token_hex(5)}"
    visitor.sign_up(name)
    assert guess(app, name, 11) == [422] * 10 + [429]
    counters = {key.decode() for key in redis.Redis.from_url(REDIS).keys("*login*")}
    assert len(counters) == 2
    assert name not in str(counters)


@pytest.mark.parametrize("settings", [{"WEBAPP_RATE_LIMITS": "on", "WEBAPP_REDIS_URL": "redis://127.0.0.1:1/0"}])
def test_a_store_that_is_down_is_made_up_for(
    app: Flask, visitor: Browser, caplog: pytest.LogCaptureFixture, settings: dict[str, str]
) -> None:
    """Nobody gets a 500; the database counts instead, for all workers; one line says so, not one a request."""
    name = visitor.sign_up()
    assert guess(app, name, 11) == [422] * 10 + [429]
    assert caplog.text.count("the store of the rate limits is down (redis: ConnectionError)") == 1
    rows = [row["key"] for row in query(app, "SELECT key FROM rate_counters")]
    assert sum("login" in key for key in rows) == 2


def test_a_table_that_is_gone_is_made_up_for(app: Flask, visitor: Browser, caplog: pytest.LogCaptureFixture) -> None:
    """The database answers, but not for counters (a migration that was forgotten)."""
    name = visitor.sign_up()
    execute(app, "DROP TABLE rate_counters")
    assert guess(app, name, 11) == [422] * 10 + [429]
    assert "the store of the rate limits is down" in caplog.text


def test_the_store_is_asked_again_after_a_rest(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that failed rests for some seconds; then it counts again."""
    from webapp.web import limit_storage

    now = 1000.0
    monkeypatch.setattr(limit_storage.time, "monotonic", lambda: now)
    storage = limit_storage.SharedStore()
    asked: list[str] = []

    class Down:
        def count(self, *_: Any) -> Window:
            asked.append("count")
            raise StorageError(OSError())

    storage._places = [limit_storage._Place("nothing", Down())]
    assert [storage.count("k", 1, 60).number for _ in range(2)] == [1, 2]
    assert asked == ["count"]
    now += limit_storage.REST
    assert storage.count("k", 1, 60).number == 3
    assert asked == ["count", "count"]


def test_only_one_request_finds_out_whether_a_store_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen store keeps its asker waiting; while that one waits, the others are counted elsewhere."""
    from webapp.web import limit_storage

    now = 1000.0
    monkeypatch.setattr(limit_storage.time, "monotonic", lambda: now)
    storage = limit_storage.SharedStore()
    meanwhile: list[int] = []

    class Frozen:
        def count(self, *_: Any) -> Window:
            if not meanwhile:
                meanwhile.append(0)
                meanwhile.append(storage.count("k", 1, 60).number)
            raise StorageError(OSError())

    place = limit_storage._Place("nothing", Frozen())
    storage._places = [place]
    place.failed(OSError())
    now += limit_storage.REST
    assert storage.count("k", 1, 60).number == 2
    assert meanwhile == [0, 1]


def test_a_try_given_back_to_a_store_that_never_counted_it() -> None:
    """It must not become a guess beyond the limit when the store changed between counting and giving back."""
    from limits.storage import MemoryStorage

    from webapp.web import limit_storage

    storage = limit_storage.SharedStore()
    storage._places = [limit_storage._Place("new and empty", limit_storage.LibraryStore(MemoryStorage()))]
    assert [storage.count("k", amount, 60).number for amount in (-1, 1, 1, -1)] == [0, 1, 2, 1]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("", "", True),
    ],
)
def test_whose_tries_count_together(one: str, other: str, same: bool) -> None:
    """Addresses of one IPv6 network, or one IPv4 address in two spellings, share a limit."""
    assert (network_of(one) == network_of(other)) is same


@pytest.mark.parametrize("name", ["\x00", "x" * 60000, ""])
def test_odd_names_are_counted_too(app: Flask, name: str) -> None:
    """Guesses at an odd username are limited like any other."""
    assert guess(app, name, 11) == [422] * 10 + [429]


def test_json_is_answered_with_json(app: Flask) -> None:
    """A limited client that accepts JSON gets the reason in JSON."""
    guess(app, "nobody", 10)
    browser = Browser.of_app(app)
    fields = browser.read_form("/login").fields | {"username": "nobody", "password": "wrong password"}
    answer: httpx.Response = browser.post("/login", fields, headers={"Accept": "application/json"})
    assert answer.status_code == 429
    assert answer.json()["error"] == "too_many_requests"
    assert "wrong passwords" in answer.json()["error_description"]
