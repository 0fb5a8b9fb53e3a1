"""`flask --app wsgi keys …`, as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.server import ROOT
from webapp import create_app
from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, FACTORS, REFRESH
from webapp.services import services_of
from webapp.store.database import DatabaseUnavailable, read, transact
from webapp.store.models import SecurityEvent

Run = Callable[..., "Result"]


class Result:
    def __init__(self, exit_code: int, output: str) -> None:
        self.exit_code, self.output = exit_code, output


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*arguments: str) -> Result:
        result = app.test_cli_runner().invoke(args=["keys", *arguments])
        return Result(result.exit_code, result.output)

    return run


def ring(app: Flask) -> KeyRing:
    return KeyRing.from_json(services_of(app).settings.keys_file.read_text())


def test_init_leaves_an_existing_ring_alone(app: Flask, run: Run) -> None:
    """`keys init` does not touch a key file that exists."""
    before = services_of(app).settings.keys_file.read_bytes()
    result = run("init")
    assert result.exit_code == 0
    assert "already" in result.output
    assert services_of(app).settings.keys_file.read_bytes() == before


def test_init_makes_a_ring(app: Flask, run: Run) -> None:
    """`keys init` makes a key of each purpose, so authenticator apps work on a new site without another command."""
    services_of(app).settings.keys_file.unlink()
    assert run("init").exit_code == 0
    assert sorted(key.purpose for key in ring(app).keys) == [ACCESS, FACTORS, REFRESH]


def test_rotate_both_by_default(app: Flask, run: Run) -> None:
    """`keys rotate` replaces both keys, shows no secret and writes both into the audit log."""
    before = ring(app)
    result = run("rotate")
    assert result.exit_code == 0, result.output
    after = ring(app)
    for purpose in (ACCESS, REFRESH):
        old = before.active(purpose).kid
        assert after.active(purpose).kid != old
        assert after.verifying(old, purpose) is not None
        assert after.active(purpose).kid in result.output
    assert before.active(ACCESS).jwk["k"] not in result.output
    with app.app_context():
        rows = read(lambda tx: list(tx.execute(select(SecurityEvent.event, SecurityEvent.detail))))
    rotated = [json.loads(row.detail) for row in rows if row.event == "keys.rotated"]
    assert {event["kid"] for event in rotated} == {after.active(purpose).kid for purpose in (ACCESS, REFRESH)}
    assert all(set(event) == {"kid", "purpose", "alg"} for event in rotated)


@pytest.mark.parametrize("purpose", ["access", "refresh"])
def test_rotate_one(app: Flask, run: Run, purpose: str) -> None:
    """`keys rotate --purpose` leaves the other purpose's key alone."""
    before = ring(app)
    assert run("rotate", "--purpose", purpose).exit_code == 0
    after = ring(app)
    for name in (ACCESS, REFRESH):
        assert (after.active(name).kid == before.active(name).kid) == (name != purpose)


def test_the_key_that_seals(app: Flask, run: Run) -> None:
    """Development starts with one; only --purpose factors replaces it, and no token is touched by that."""
    before = ring(app)
    assert before.sealing_key is not None
    run("rotate")
    assert ring(app).sealing_key == before.sealing_key
    result = run("rotate", "--purpose", "factors")
    assert result.exit_code == 0, result.output
    assert "factors reseal" in result.output
    after = ring(app)
    assert after.sealing_key not in (None, before.sealing_key)
    assert after.active(ACCESS) == ring(app).active(ACCESS)
    assert run("rotate", "--purpose", "factors", "--algorithm", "HS256").exit_code == 2


def test_a_sealing_key_that_is_needed_is_not_retired(app: Flask, run: Run, username: str) -> None:
    """Not before `factors reseal` has brought its secrets under the new key."""
    from webapp.core.sealing import Safe
    from webapp.flows.reseal import belongs_to
    from webapp.store import factors, users

    kid = ring(app).active(FACTORS).kid
    with app.app_context():
        who = read(lambda tx: users.find(tx, username))
        assert who is not None
        sealed = Safe(ring(app)).seal(b"secret", belongs_to(who.id))
        transact(lambda tx: factors.add_app(tx, who.id, sealed, 1, 1))
    run("rotate", "--purpose", "factors")
    refused = run("retire", kid)
    assert refused.exit_code == 1
    assert "factors reseal" in refused.output
    done = app.test_cli_runner().invoke(args=["factors", "reseal"])
    assert done.exit_code == 0
    assert done.output.endswith("Resealed: 1.\n")
    assert run("retire", kid).exit_code == 0


def test_rotate_to_another_algorithm_says_what_to_set(app: Flask, run: Run) -> None:
    """`keys rotate --algorithm` changes the access key only and names the setting to change."""
    result = run("rotate", "--algorithm", "EdDSA")
    assert result.exit_code == 0
    assert ring(app).active(ACCESS).alg == "EdDSA"
    assert ring(app).active(REFRESH).alg == "HS256"
    assert "WEBAPP_ACCESS_ALGORITHM=EdDSA" in result.output


def test_refresh_keys_have_no_other_algorithm(app: Flask, run: Run) -> None:
    """Another algorithm for refresh keys, or an unknown one, is a usage error that changes nothing."""
    before = ring(app).to_json()
    assert run("rotate", "--purpose", "refresh", "--algorithm", "EdDSA").exit_code == 2
    assert run("rotate", "--algorithm", "HS512").exit_code == 2
    assert ring(app).to_json() == before


def test_retire(app: Flask, run: Run) -> None:
    """A key is retired once, after its rotation, and the audit log says so once."""
    old = ring(app).active(ACCESS).kid
    refused = run("retire", old)
    assert refused.exit_code == 1
    assert "active" in refused.output
    run("rotate")
    assert run("retire", old).exit_code == 0
    key = ring(app).find(old)
    assert key is not None
    assert key.state == "retired"
    assert run("retire", "nobody").exit_code == 1
    again = run("retire", old)
    assert again.exit_code == 1
    assert "already retired" in again.output
    with app.app_context():
        events = read(lambda tx: list(tx.execute(select(SecurityEvent.event)).scalars()))
    assert events.count("keys.retired") == 1


def test_list(app: Flask, run: Run, clock: SetClock) -> None:
    """`keys list` shows state, age and the date of removal of each key, and never a secret."""
    old = ring(app).active(ACCESS).kid
    clock.advance(86400)
    run("rotate", "--purpose", "access")
    listed = {entry["kid"]: entry for entry in json.loads(run("list", "--json").output)}
    assert listed[old]["state"] == "verify"
    assert listed[old]["age"] >= 86400
    assert listed[old]["superseded_at"] == clock()
    assert listed[old]["can_go_at"] == clock() + 14 * 86400 + 600
    active = ring(app).active(ACCESS).kid
    assert (listed[active]["state"], listed[active]["active_since"], listed[active]["can_go_at"]) == (
        "active",
        clock(),
        None,
    )
    assert all("k" not in entry for entry in listed.values())
    words = run("list").output
    assert old in words
    assert "verify" in words


def test_a_rotation_drops_keys_whose_tokens_are_all_dead(app: Flask, run: Run, clock: SetClock) -> None:
    """A rotation removes a key one second after its last token died, and says so."""
    first = ring(app).active(ACCESS).kid
    run("rotate")
    clock.advance(14 * 86400 + 600)
    run("rotate")
    assert ring(app).find(first) is not None
    clock.advance(1)
    result = run("rotate")
    assert f"{first} was removed" in result.output
    assert ring(app).find(first) is None


def test_a_broken_ring_is_one_line(app: Flask, run: Run) -> None:
    """Each command answers a broken key file with one line."""
    services_of(app).settings.keys_file.write_text("{")
    for command in (["list"], ["rotate"], ["retire", "x"], ["init"]):
        result = run(*command)
        assert result.exit_code == 1
        assert result.output.startswith("Error: key ring ")
        assert result.output.count("\n") == 1


def test_the_database_away_does_not_undo_a_rotation(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation without a database takes place and says that the audit log lacks it."""

    def away(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr("webapp.flows.rotate_keys.transact", away)
    before = ring(app)
    result = run("rotate")
    assert result.exit_code == 0
    assert "could not be recorded in the audit log" in result.output
    assert ring(app).active(ACCESS).kid != before.active(ACCESS).kid


def flask(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WEBAPP_", "FLASK_"))}
    environment |= {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://login.example.com"}
    environment |= {"WEBAPP_INSTANCE_PATH": str(tmp_path)} | settings
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_production_from_nothing(tmp_path: Path) -> None:
    """`keys init` is run where there are no keys; nothing that serves starts without them."""
    serving = flask(tmp_path, "run", "--port", "1")
    assert serving.returncode != 0
    assert "keys init" in serving.stderr
    with pytest.raises(KeyRingError, match="keys init"):
        create_app(
            {
                "WEBAPP_ENV": "production",
                "WEBAPP_PUBLIC_URL": "https://login.example.com",
                "WEBAPP_INSTANCE_PATH": str(tmp_path),
            }
        )
    made = flask(tmp_path, "keys", "init")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    # Another algorithm: refused, with the command; the command works though the setting and the ring disagree.
    told = flask(tmp_path, "run", "--port", "1", WEBAPP_ACCESS_ALGORITHM="ES256")
    command = "keys rotate --purpose access --algorithm ES256"
    assert command in told.stderr
    done = flask(tmp_path, *command.split(), WEBAPP_ACCESS_ALGORITHM="ES256")
    assert done.returncode == 0, done.stderr
    assert "WEBAPP_ACCESS_ALGORITHM" not in done.stderr


def test_staged_keys_verify_first_and_sign_later(app: Flask, run: Run, tmp_path: Path) -> None:
    """A host that has only the staged file takes what another one signs after the keys were activated there."""
    before = ring(app)
    staged = run("stage", "--algorithm", "EdDSA")
    assert staged.exit_code == 0, staged.output
    *told, first, second = staged.output.splitlines()
    assert "If this site has other hosts, copy" in "\n".join(told)
    assert "Wait five minutes" in "\n".join(told)  # the access key is a public one
    published = ring(app)
    new = {key.purpose: key for key in published.keys if before.find(key.kid) is None}
    assert set(new) == {ACCESS, REFRESH}
    assert all(key.state == "verify" and key.active_since is None for key in new.values())
    assert [published.active(purpose) for purpose in (ACCESS, REFRESH)] == [
        before.active(purpose) for purpose in (ACCESS, REFRESH)
    ]
    assert [jwk["kid"] for jwk in published.public_jwks()["keys"]] == [new[ACCESS].kid]
    assert {first, second} == {f"flask --app wsgi keys activate {key.kid}" for key in new.values()}
    for purpose in (ACCESS, REFRESH):
        assert run("activate", new[purpose].kid).exit_code == 0
        assert ring(app).active(purpose).kid == new[purpose].kid
        assert published.verifying(new[purpose].kid, purpose)
        assert ring(app).verifying(before.active(purpose).kid, purpose)
    again = run("activate", new[ACCESS].kid)
    assert (again.exit_code, "is active" in again.output) == (1, True)
    assert run("activate", "nobody").exit_code == 1
