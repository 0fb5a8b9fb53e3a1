"""`flask doctor` finds what is wrong with a deployment, and says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.commands import run_command
from tests.support.guarded import guarded_at
from tests.support.sql import execute, query
from tests.support.totp import set_up
from webapp.cli import checks, factor_checks
from webapp.cli.findings import Grade
from webapp.cli.proxy_checks import FORGED, judge_proxies
from webapp.config.settings import Settings
from webapp.core.ceremony import NewPasskey
from webapp.core.key_ring import KeyRing
from webapp.core.keys import FACTORS
from webapp.services import services_of
from webapp.store import passkeys
from webapp.store.database import transact
from webapp.store.factor_models import PASSKEYS


def grades(app: Flask) -> dict[str, str]:
    output = app.test_cli_runner().invoke(args=["doctor", "--json"]).stdout
    return {finding["topic"]: finding["grade"] for finding in json.loads(output)}


def test_a_running_development_site(tmp_path: Path) -> None:
    """Nothing fails; the settings of development are warned of; the proxies are checked by asking the site itself."""
    with guarded_at(tmp_path) as server:
        done = run_command(server.settings, "doctor", "--json")
    found = {finding["topic"]: finding for finding in json.loads(done.stdout)}
    assert {topic for topic, finding in found.items() if finding["grade"] == "warning"} == {"environment", "cookies"}
    assert found["proxies"]["words"] == "0 trusted, 0 found; the client's address is read as 127.0.0.1"
    assert found["sqlite"]["words"] == "journal_mode wal, synchronous FULL"


def test_a_trusted_proxy_that_is_not_there_fails(tmp_path: Path) -> None:
    """Then anybody could claim any address: exit code 1, and the number to set."""
    with guarded_at(tmp_path, WEBAPP_TRUSTED_PROXIES="1") as server:
        done = run_command(server.settings, "doctor", fails=True)
    assert done.returncode == 1
    assert "failing  proxies: 1 trusted, 0 found" in done.stdout
    assert "-> set WEBAPP_TRUSTED_PROXIES=0" in done.stdout


@pytest.mark.parametrize(
    ("trusted", "believed", "forwarded", "grade"),
    [
        (1, "198.51.100.9", [FORGED, "198.51.100.9"], Grade.GOOD),
        (2, "198.51.100.9", [FORGED, "198.51.100.9", "10.0.0.1"], Grade.GOOD),
        (1, "198.51.100.9", ["198.51.100.9"], Grade.GOOD),  # a proxy that replaces what it was sent
        (2, FORGED, [FORGED, "198.51.100.9"], Grade.FAILING),
        (0, "10.0.0.1", [FORGED, "198.51.100.9"], Grade.FAILING),
        (1, "10.0.0.1", [FORGED, "198.51.100.9", "10.0.0.1"], Grade.FAILING),
    ],
)
def test_proxies_are_counted(trusted: int, believed: str, forwarded: list[str], grade: Grade) -> None:
    """The number of trusted proxies is right when the visitor's own address is believed, and failing otherwise."""
    assert judge_proxies(trusted, believed, forwarded).grade is grade


def test_nobody_else_learns_what_a_request_shows(app: Flask) -> None:
    """Without the signed header, or with a forged one, health says nothing more than that it is up."""
    client = app.test_client()
    for header in ({}, {"X-Tokenroom-Probe": "probe.x.y"}):
        assert client.get("/healthz", headers=header).json == {"status": "ok"}


def test_a_key_file_that_others_read_fails(app: Flask) -> None:
    """A readable key file fails, and the doctor names the chmod that mends it."""
    keys = Path(app.instance_path) / "keys.json"
    assert grades(app)["key file"] == "good"
    keys.chmod(0o644)
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 1
    assert f"run: chmod 600 {keys}" in result.output


def test_missing_migrations_fail(app: Flask) -> None:
    """A database without tables fails, and the doctor names the command."""
    from flask_migrate import downgrade

    from webapp.cli import add_migrations

    add_migrations(app)
    with app.app_context():
        downgrade()
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 1
    assert "flask --app wsgi db upgrade" in result.output


def test_old_keys_are_warned_of(app: Flask) -> None:
    """Each key older than its limit gets a warning."""
    ring = services_of(app).tokens.ring
    path = Path(app.instance_path) / "keys.json"
    later = (ring.active("access").active_since or 0) + checks.OLD_KEY + 1
    assert [finding.grade for finding in checks.keys(path, ring, later) if finding.topic == "keys"] == [
        Grade.WARNING
    ] * 3


def test_a_ring_that_seals_nothing_is_warned_of(app: Flask) -> None:
    """A ring of the release before: authenticator apps are off, and the report says what to run."""
    ring = services_of(app).tokens.ring
    path = Path(app.instance_path) / "keys.json"
    without = KeyRing(key for key in ring.keys if key.purpose != FACTORS)
    found = [finding for finding in checks.keys(path, without, 0) if finding.grade is Grade.WARNING]
    assert [finding.topic for finding in found] == ["keys"]
    assert "keys rotate --purpose factors" in found[0].remedy
    with app.app_context():
        (apps,) = factor_checks.secrets(without)
        assert list(factor_checks.secrets(ring)) == [(Grade.GOOD, "authenticator apps", "none in use yet", "")]
    assert (apps.grade, apps.remedy) == (Grade.WARNING, found[0].remedy)
    assert "nobody can set one up" in apps.words


def test_administrators_without_a_second_step_are_named(app: Flask, person: Browser, username: str) -> None:
    """Only active ones, and only while they have none."""
    assert grades(app)["administrators"] == "good"
    execute(app, "UPDATE users SET role = 'admin', email_verified_at = 1 WHERE username = ?", username)
    report = app.test_cli_runner().invoke(args=["doctor"]).output
    assert f"warning  administrators: without a second step: {username}\n" in report
    assert "WEBAPP_MFA_REQUIRED=admin" in report
    set_up(person, services_of(app).clock())
    assert grades(app)["administrators"] == "good"
    execute(app, "DELETE FROM totp_factors")
    execute(app, "UPDATE users SET disabled_at = 1")
    assert grades(app)["administrators"] == "good"


def test_secrets_that_open_no_longer_fail(app: Flask, person: Browser, username: str) -> None:
    """Sealed with an earlier key: reseal. With a key that is gone: restore it."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    set_up(person, services_of(app).clock())
    runner = app.test_cli_runner()
    assert "1 in use, all secrets sealed with the present key" in runner.invoke(args=["doctor"]).output
    runner.invoke(args=["keys", "rotate", "--purpose", FACTORS])
    report = runner.invoke(args=["doctor"]).output
    assert "1 of 1 have a secret that is sealed with an earlier key" in report
    assert "factors reseal" in report
    runner.invoke(args=["factors", "reseal"])
    assert grades(app)["authenticator apps"] == "good"
    execute(app, "UPDATE totp_factors SET sealed = 'gone' || sealed")
    result = runner.invoke(args=["doctor"])
    assert result.exit_code == 1
    assert "failing  authenticator apps: 1 of 1 have a secret that opens with no key of the ring" in result.output


def test_passkeys_of_another_name_are_counted(app: Flask, person: Browser, username: str) -> None:
    """They work no longer; at a number there are none at all."""
    assert grades(app)["passkeys"] == "good"
    (row,) = query(app, "SELECT id FROM users WHERE username = ?", username)
    with app.app_context():
        for rp_id in ("old.example", "localhost"):
            made = NewPasskey(rp_id, b"key", 0, "", False)
            transact(lambda tx, m=made, r=rp_id: passkeys.add(tx, row["id"], m, rp_id=r, name="a", now=1))  # type: ignore[misc]
        (found,) = factor_checks.passkeys(services_of(app).settings)
        assert (found.grade, found.words) == (
            Grade.WARNING,
            "1 belong to another name than localhost and do not work here",
        )
        transact(lambda tx: tx.execute(PASSKEYS.delete()))
        production = {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://203.0.113.5"}
        (off,) = factor_checks.passkeys(Settings.load(production))
        assert (off.grade, "need a name" in off.words) == (Grade.WARNING, True)
        parent = Settings.load(production | {"WEBAPP_PUBLIC_URL": "https://login.example.com"})
        assert [finding.grade for finding in factor_checks.passkeys(parent)] == [Grade.GOOD]


def test_production_settings(tmp_path: Path) -> None:
    """Good production settings are good, and unsafe ones are graded by their danger."""
    base = {
        "WEBAPP_ENV": "production",
        "WEBAPP_PUBLIC_URL": "https://login.example.com",
        "WEBAPP_MFA_REQUIRED": "admin",
    }
    good = {finding.topic: finding.grade for finding in checks.settings(Settings.load(base))}
    assert set(good.values()) == {Grade.GOOD}
    worse = Settings.load(base | {"WEBAPP_RATE_LIMITS": "off", "WEBAPP_LAB": "on"})
    bad = {finding.topic: finding.grade for finding in checks.settings(worse)}
    assert (bad["rate limits"], bad["lab"]) == (Grade.FAILING, Grade.WARNING)


def test_redis_that_does_not_answer_fails() -> None:
    """A Redis address without a Redis fails."""
    assert [finding.grade for finding in checks.redis("redis://127.0.0.1:1/0")] == [Grade.FAILING]


def test_a_broken_ring_fails(tmp_path: Path) -> None:
    """A key file that cannot be read fails as the key ring."""
    (tmp_path / "keys.json").write_text("{")
    done = run_command({"WEBAPP_INSTANCE_PATH": str(tmp_path)}, "doctor", fails=True)
    assert "failing  keys: key ring" in done.stdout
