"""The refresh matrix of the API, cell by cell through the front door, with the text of every header."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.support.api import ApiClient
from tests.support.browser import Browser
from tests.support.clock import SetClock
from webapp.core.decision import API_REFRESH, Outcome, RefreshColumn, TokenState
from webapp.store import auth_sessions
from webapp.store.database import read, transact
from webapp.store.models import AuthSession, SecurityEvent

NO_GRANT = 'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"'

WINDOW = 600
REFRESH_TTL = 14 * 24 * 3600

STATUS = {
    Outcome.INCOMPLETE: 400,
    Outcome.LOG_IN: 401,
    Outcome.REUSE: 401,
    Outcome.ROTATE: 200,
    Outcome.RENEW: 200,
    Outcome.REDELIVER: 200,
    Outcome.ACCESS_ONLY: 200,
}


@dataclass
class Row:
    generation: int
    jti: str
    revoked_reason: str | None
    confirmed_at: int | None


class Stage:
    """Brings one session into the state a cell is about, by real requests where that is possible."""

    def __init__(self, app: Flask, clock: SetClock) -> None:
        self.app, self.clock = app, clock
        self._next_access: str | None = None
        self.name = Browser.of_app(app).sign_up()
        self.client = ApiClient.of_app(app)
        self.client.log_in(self.name)

    def row(self) -> Row:
        with self.app.app_context():
            columns = (
                AuthSession.refresh_generation,
                AuthSession.refresh_jti,
                AuthSession.revoked_reason,
                AuthSession.refresh_confirmed_at,
            )
            return Row(*read(lambda tx: tx.execute(select(*columns).where(AuthSession.channel == "api")).one()))

    def set(self, **values: object) -> None:
        with self.app.app_context():
            transact(lambda tx: tx.execute(update(AuthSession).where(AuthSession.channel == "api").values(**values)))

    def events(self) -> list[str]:
        with self.app.app_context():
            return list(read(lambda tx: tx.execute(select(SecurityEvent.event).order_by(SecurityEvent.id)).scalars()))

    def bring(self, access: TokenState, refresh: RefreshColumn) -> str | None:
        """Set the client's two tokens; the successor of the presented refresh token, where there is one."""
        successor = self._bring_refresh(refresh)
        self._bring_access(access, refresh)
        return successor

    def _bring_refresh(self, column: RefreshColumn) -> str | None:
        client = self.client
        match column:
            case RefreshColumn.ABSENT:
                client.refresh = None
            case RefreshColumn.INVALID:
                assert client.refresh
                client.refresh = client.refresh[:-4] + ("AAAA" if client.refresh[-4:] != "AAAA" else "BBBB")
            case RefreshColumn.RENEWABLE:
                self.clock.advance(REFRESH_TTL + 1)
            case RefreshColumn.EXPIRED:
                self.clock.advance(REFRESH_TTL + WINDOW + 1)
            case RefreshColumn.SUPERSEDED:
                return self._successor()
            case RefreshColumn.ABANDONED:
                late = self._successor()
                self.clock.advance(4)
                better = self._successor()
                holder = ApiClient(client.http)
                holder.access, holder.refresh = self._next_access, better
                assert holder.get("/me").status_code == 200  # confirms
                self.clock.advance(71)
                client.refresh = late
                return better
            case RefreshColumn.IN_GRACE | RefreshColumn.REUSED:
                successor = self._successor()
                holder = ApiClient(client.http)
                holder.access, holder.refresh = self._next_access, successor
                assert holder.get("/me").status_code == 200  # confirms
                self.clock.advance(70 if column is RefreshColumn.IN_GRACE else 71)
                return successor
        return None

    def _successor(self) -> str:
        other = ApiClient(self.client.http)
        other.access, other.refresh = self.client.access, self.client.refresh
        other.do_refresh()
        assert other.refresh
        self._next_access = other.access
        return other.refresh

    def _bring_access(self, state: TokenState, column: RefreshColumn) -> None:
        client, tokens = self.client, self.app.extensions["tokenroom"].tokens
        with self.app.app_context():
            assert client.access
            sid = tokens.verify_access(client.access, "api", self.clock()).claims.sid
            row = auth_sessions.load(sid)
            assert row is not None
            now = self.clock()
            match state:
                case TokenState.ABSENT:
                    client.access = None
                case TokenState.INVALID:
                    client.access = client.access[:-4] + ("AAAA" if client.access[-4:] != "AAAA" else "BBBB")
                case TokenState.EXPIRED:
                    client.access = tokens.mint_access(row, gen=0, now=now - WINDOW - 1, auth_time=row.auth_time)
                case TokenState.VALID:
                    # Old enough to renew an expired refresh token, where that matters.
                    client.access = tokens.mint_access(
                        row, gen=0, now=now - 30 if now > 30 else now, auth_time=row.auth_time
                    )
                    if column is RefreshColumn.RENEWABLE:
                        client.access = tokens.mint_access(row, gen=0, now=now - 1, auth_time=row.auth_time)


@pytest.fixture
def stage(app: Flask, clock: SetClock) -> Stage:
    return Stage(app, clock)


CELLS = [(access, column) for access in TokenState for column in RefreshColumn]


@pytest.mark.parametrize(("access", "column"), CELLS, ids=[f"{a.value}-{c.value}" for a, c in CELLS])
def test_cell(stage: Stage, access: TokenState, column: RefreshColumn) -> None:
    """Each cell of the API's matrix gives its status, tokens, row and events."""
    successor = stage.bring(access, column)
    expected = API_REFRESH[access][column]
    before, client = stage.row(), stage.client
    answer = client.ask_refresh()
    after = stage.row()
    assert answer.status_code == STATUS[expected], answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    if expected is Outcome.INCOMPLETE:
        assert given["error"] == "invalid_request"
    elif expected in (Outcome.LOG_IN, Outcome.REUSE):
        assert given["error"] == "invalid_grant"
        wanted = 'Bearer realm="api"' if access is TokenState.ABSENT else NO_GRANT
        assert answer.headers["www-authenticate"] == wanted
    else:
        assert given["token_type"] == "Bearer"
        # All tokens of a generation end together, so a late access token lives what is left of the successor's.
        assert given["expires_in"] == (600 - 70 if column is RefreshColumn.IN_GRACE else 600)
        assert answer.headers["authorization"] == f"Bearer {given['access_token']}"
        client.access = given["access_token"]
        assert client.get("/me").status_code == 200
    if expected in (Outcome.ROTATE, Outcome.RENEW):
        assert after.generation == before.generation + 1
        assert given["refresh_token"] != client.refresh
        assert given["refresh_expires_in"] == REFRESH_TTL
    else:
        assert (after.generation, after.jti) == (before.generation, before.jti)
    if expected is Outcome.REDELIVER:
        assert given["refresh_token"] == successor
    if expected is Outcome.ACCESS_ONLY:
        assert "refresh_token" not in given
        assert "refresh_expires_in" not in given
    assert after.revoked_reason == ("reuse" if expected is Outcome.REUSE else None)
    assert stage.events().count("refresh.reused") == (expected is Outcome.REUSE)
    assert stage.events().count("refresh.renewed") == (expected is Outcome.RENEW)


def test_the_table_says_what_the_protocol_says() -> None:
    """Word for word from PROTOCOL section 9, because a slip in the table must not be covered by a test that reads
    it."""
    m, r, n, o, d, a, t = Outcome.INCOMPLETE, Outcome.LOG_IN, Outcome.RENEW, Outcome.ROTATE, Outcome.REDELIVER, Outcome.ACCESS_ONLY, Outcome.REUSE  # fmt: skip  # noqa: E501
    columns = ["absent", "invalid, unknown", "expired, in the window", "expired", "current", "superseded", "in grace", "abandoned", "reused"]  # fmt: skip  # noqa: E501
    rows = {
        "valid": [m, r, n, r, o, d, a, r, t],
        "expired": [m, r, r, r, o, d, a, r, t],
        "absent": [r] * 9,
        "invalid": [r] * 9,
    }
    assert {k.value: [v[RefreshColumn(c)] for c in columns] for k, v in API_REFRESH.items()} == rows


def test_case_3_needs_an_access_token_older_than_the_refresh_tokens_end(stage: Stage) -> None:
    """A stolen access token that is younger than the refresh token's end renews nothing."""
    stage.bring(TokenState.VALID, RefreshColumn.RENEWABLE)
    tokens = stage.app.extensions["tokenroom"].tokens
    assert stage.client.access
    claims = tokens.verify_access(stage.client.access, "api", stage.clock()).claims
    refresh = tokens.verify_refresh(stage.client.refresh, "api", stage.clock()).claims
    assert claims.iat <= refresh.exp
    stage.clock.advance(2)
    with stage.app.app_context():
        row = auth_sessions.load(claims.sid)
        assert row is not None
        stage.client.access = tokens.mint_access(row, gen=0, now=refresh.exp + 1, auth_time=row.auth_time)
    assert stage.client.ask_refresh().status_code == 401


def test_an_expired_superseded_token_in_the_window_gets_another_successor(stage: Stage) -> None:
    """A replaced token that expires in the renewal window gets a new token of its own."""
    stage.clock.advance(REFRESH_TTL - 5)
    tokens = stage.app.extensions["tokenroom"].tokens
    with stage.app.app_context():
        claims = tokens.verify_refresh(stage.client.refresh, "api", stage.clock()).claims
        row = auth_sessions.load(claims.sid)
        assert row is not None
        stage.client.access = tokens.mint_access(row, gen=0, now=stage.clock(), auth_time=row.auth_time)
    successor = stage._successor()
    stage.clock.advance(6)
    answer = stage.client.ask_refresh()
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != successor
    assert answer.json()["access_token"]
    assert "refresh.redelivered" in stage.events()


def test_the_successors_access_token_beside_the_parent_still_gets_the_successor(stage: Stage) -> None:
    """Half an answer arrived (the header without the body). The access token confirms, but only afterwards."""
    successor = stage._successor()
    stage.client.access = stage._next_access
    answer = stage.client.ask_refresh()
    assert answer.json()["refresh_token"] == successor
    assert stage.row().confirmed_at == stage.clock()


def test_an_unknown_generation_of_ones_own_is_refused_and_noted(stage: Stage) -> None:
    """Authentic, but never issued, because the row was restored from a backup."""
    stage.client.do_refresh()
    stage.set(refresh_jti="restored", previous_refresh_jti="earlier")
    assert stage.client.ask_refresh().status_code == 401
    assert stage.row().revoked_reason is None
    assert "refresh.unknown" in stage.events()


def test_tokens_of_two_sessions_are_refused_and_nothing_ends(stage: Stage, app: Flask) -> None:
    """Tokens of two sessions are a 401, noted in the audit log, and end neither session."""
    other = ApiClient.of_app(app)
    other.log_in(stage.name)
    stage.client.refresh = other.refresh
    answer = stage.client.ask_refresh()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == NO_GRANT
    assert "session.revoked" not in stage.events()
    assert "token.pair_mismatch" in stage.events()
    assert other.do_refresh().status_code == 200


def test_a_dead_session_is_refused_and_never_theft_again(stage: Stage) -> None:
    """A session that reuse ended is refused, and the reuse is recorded once."""
    stage.bring(TokenState.VALID, RefreshColumn.REUSED)
    for _ in range(3):
        assert stage.client.ask_refresh().status_code == 401
    assert stage.events().count("refresh.reused") == 1
    assert stage.client.get("/me").status_code == 401


def test_after_theft_the_thief_and_the_owner_are_both_out(stage: Stage) -> None:
    """After reuse the newest access token is refused as well."""
    stage.bring(TokenState.EXPIRED, RefreshColumn.REUSED)
    assert stage.client.ask_refresh().status_code == 401
    stage.client.access = stage._next_access
    answer = stage.client.get("/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == NO_GRANT


def test_nothing_passes_the_absolute_lifetime(stage: Stage) -> None:
    """A refresh never extends the session, and its last token ends with it."""
    stage.clock.advance(REFRESH_TTL - 10)
    stage.client.do_refresh()
    stage.clock.advance(REFRESH_TTL - 10)
    answer = stage.client.do_refresh()
    assert answer.json()["refresh_expires_in"] < REFRESH_TTL
    stage.clock.advance(30 * 24 * 3600 - 2 * (REFRESH_TTL - 10))
    assert stage.client.ask_refresh().status_code == 401
