"""Every condition of the statements that rotate, fork and confirm: left out, the model shows what breaks."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import Browser
from webapp.core.session import SessionRow
from webapp.services import services_of
from webapp.store import auth_sessions
from webapp.store.database import db, transact
from webapp.store.models import AUTH_SESSIONS, USERS


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> Iterator[Flask]:
    """The application on either database."""
    shutil.copytree(migrated_sqlite, tmp_path / "instance")
    settings = {}
    if request.param == "postgres":
        settings = {"WEBAPP_DATABASE_URL": request.getfixturevalue("migrated_postgres")}
    app = build_app(tmp_path / "instance", settings)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def row(place: Flask) -> SessionRow:
    """A session that was rotated once, and not confirmed since."""
    browser = Browser.of_app(place)
    browser.sign_up(f"u{secrets.token_hex(6)}")
    sid = browser.sid
    services_of(place).clock.advance(600)  # type: ignore[attr-defined]
    assert browser.get("/test/me").status_code == 200
    with place.app_context():
        found = auth_sessions.load(sid)
    assert found is not None
    assert (found.refresh_generation, found.refresh_confirmed_at) == (1, None)
    return found


def rotate(tx: Any, row: SessionRow, now: int) -> bool:
    return auth_sessions.rotate(tx, row, row.successor(now=now, refresh_expires_at=now + 9))


def fork(tx: Any, row: SessionRow, now: int) -> bool:
    return auth_sessions.fork(tx, row, row.fork(now=now, refresh_expires_at=now + 9))


def confirm(tx: Any, row: SessionRow, now: int) -> bool:
    return auth_sessions.confirm(tx, row, now)


Act = Callable[[Any, SessionRow, int], bool]
CHANGED: dict[str, dict[str, Any]] = {
    "another generation": {"refresh_generation": 2},
    "another jti": {"refresh_jti": "other"},
    "ended": {"revoked_at": 1},
}


@pytest.mark.parametrize("act", [rotate, fork, confirm], ids=lambda act: act.__name__)
@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_a_row_that_changed_is_left_alone(place: Flask, row: SessionRow, act: Act, changed: dict[str, Any]) -> None:
    """No statement writes to a row that has changed since it was read."""
    with place.app_context():
        transact(lambda tx: tx.execute(AUTH_SESSIONS.update().where(AUTH_SESSIONS.c.id == row.sid).values(**changed)))
        assert transact(lambda tx: act(tx, row, row.refresh_issued_at + 9)) is False


@pytest.mark.parametrize("act", [rotate, fork], ids=lambda act: act.__name__)
@pytest.mark.parametrize("change", [{"disabled_at": 1}, {"credential_epoch": 7}], ids=lambda change: "-".join(change))
def test_a_user_who_changed_is_noticed(place: Flask, row: SessionRow, act: Act, change: dict[str, int]) -> None:
    """No token is made for a user who was disabled or whose epoch rose in between."""
    with place.app_context():
        transact(lambda tx: tx.execute(USERS.update().where(USERS.c.id == row.user_id).values(**change)))
        assert transact(lambda tx: act(tx, row, row.refresh_issued_at + 9)) is False


def test_a_successor_in_use_is_never_forked(place: Flask, row: SessionRow) -> None:
    """A confirmed refresh token can be rotated, and neither forked nor confirmed again."""
    now = row.refresh_issued_at + 9
    with place.app_context():
        assert transact(lambda tx: confirm(tx, row, now))
        assert transact(lambda tx: fork(tx, row, now)) is False
        assert transact(lambda tx: confirm(tx, row, now)) is False
        assert transact(lambda tx: rotate(tx, row, now))


def test_a_fork_and_the_rotation_after_it(place: Flask, row: SessionRow) -> None:
    """A fork stays in its generation and is counted; a rotation counts from nothing and remembers the last of them."""
    now = row.refresh_issued_at + 9
    with place.app_context():
        forked = row.fork(now=now, refresh_expires_at=now + 99)
        assert transact(lambda tx: auth_sessions.fork(tx, row, forked))
        assert auth_sessions.load(row.sid) == forked
        assert (forked.refresh_generation, forked.refresh_forks) == (row.refresh_generation, 1)
        assert transact(lambda tx: fork(tx, row, now + 9)) is False, "the first successor is no longer the row's"
        successor = forked.successor(now=now + 9, refresh_expires_at=now + 99)
        assert transact(lambda tx: auth_sessions.rotate(tx, forked, successor))
        assert auth_sessions.load(row.sid) == successor
        assert (successor.refresh_forks, successor.previous_refresh_jti) == (0, forked.refresh_jti)
