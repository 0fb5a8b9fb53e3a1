"""The commands, run as processes as an operator runs them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.browser import PASSWORD, Browser
from tests.support.commands import run_command
from tests.support.server import Server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("commanded"), workers=2) as server:
        yield server


def listed(site: Server, *arguments: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(run_command(site.settings, *arguments, "--json").stdout)
    return rows


def test_a_user_is_created_from_standard_input_and_logs_in(site: Server) -> None:
    """The password is in no argument and no output; the second of the name is refused; roles are given."""
    made = run_command(
        site.settings,
        "users",
        "create",
        "ada",
        "ada@example.com",
        "--role",
        "admin",
        "--password-stdin",
        given=PASSWORD,
    )
    assert made.stdout == "Created ada (admin).\n"
    assert PASSWORD not in made.stdout + made.stderr
    browser = site.browser()
    assert browser.log_in("ada").status_code == 303
    assert browser.get("/admin").status_code == 200
    again = run_command(
        site.settings, "users", "create", "ADA", "other@example.com", "--password-stdin", given=PASSWORD, fails=True
    )
    assert again.stderr == "Error: username: This username is taken. Choose another one.\n"
    assert listed(site, "users", "list")[0] | {"id": "", "created_at": 0, "email_verified_at": 0} == {
        "id": "",
        "username": "ada",
        "email": "ada@example.com",
        "name": "",
        "role": "admin",
        "created_at": 0,
        "disabled_at": None,
        "email_verified_at": 0,
        "factors": [],
    }
    created = [event for event in listed(site, "audit", "--user", "ada") if event["event"] == "account.created"]
    assert created[0]["detail"] == {"by": "command line", "role": "admin"}


@pytest.mark.parametrize(
    ("arguments", "given", "code", "words"),
    [
        (("users", "create", "x", "x", "--password-stdin"), "short", 1, "username: Use 3 to 32"),
        (("users", "create", "bob", "bob@example.com", "--password-stdin"), "", 1, "password: Use at least 8"),
        (("users", "create", "bob", "bob@example.com", "--role", "king", "--password-stdin"), "", 2, "Invalid value"),
        (("users", "set-role", "nobody", "admin"), "", 1, "no such user: 'nobody'"),
        (("users", "disable", "nobody"), "", 1, "no such user:"),
        (("sessions", "revoke", "nothing"), "", 1, "no such session: 'nothing'"),
        (("sessions", "revoke-all", "nobody"), "", 1, "no such user:"),
        (("sessions", "purge", "--kept-days", "-1"), "", 2, "Invalid value"),
        (("audit", "--user", "nobody"), "", 1, "no such user:"),
    ],
)
def test_mistakes_are_one_clear_line(app: Flask, arguments: tuple[str, ...], given: str, code: int, words: str) -> None:
    """In this process, because starting one takes longer than all of these together."""
    done = app.test_cli_runner().invoke(args=arguments, input=given)
    assert done.exit_code == code
    assert words in done.stderr
    assert done.stdout == ""


def test_every_command_has_help(app: Flask) -> None:
    """Each command explains itself under --help."""
    runner = app.test_cli_runner()
    commands = [
        *(("users", name) for name in ("create", "list", "set-role", "disable", "enable")),
        *(("sessions", name) for name in ("list", "revoke", "revoke-all", "purge")),
        ("users",),
        ("sessions",),
        ("audit",),
        ("doctor",),
    ]
    for command in commands:
        result = runner.invoke(args=[*command, "--help"])
        assert result.exit_code == 0, command
        assert len(result.output.splitlines()) > 4


def session_of(browser: Browser) -> str:
    """The id of the session a browser holds, out of its access token."""
    payload = (browser.access or "").split(".")[1]
    return str(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"])


def test_sessions_are_listed_and_ended(site: Server) -> None:
    """An operator lists sessions and ends one, one user's, or all of them."""
    one, two = site.browser(), site.browser()
    name = one.sign_up()
    two.log_in(name)
    rows = listed(site, "sessions", "list", "--user", name)
    assert [row["user"] for row in rows] == [name, name]
    assert {"id", "channel", "device", "ip", "created_at", "last_seen_at", "expires_at"} < rows[0].keys()
    run_command(site.settings, "sessions", "revoke", session_of(one))
    assert [one.get("/test/me").status_code, two.get("/test/me").status_code] == [303, 200]
    assert run_command(site.settings, "sessions", "revoke-all", name).stdout == "Sessions ended: 1.\n"
    assert two.get("/test/me").status_code == 303
    other = site.browser()
    other.sign_up()
    before = len(listed(site, "audit"))
    run_command(site.settings, "sessions", "revoke-all", "--yes")
    assert other.get("/test/me").status_code == 303
    assert listed(site, "sessions", "list") == []
    told = listed(site, "audit")[before:]
    assert [event["event"] for event in told] == ["session.revoked"]  # one for everybody, however many those are
    assert told[0]["detail"]["everyone"] is True  # type: ignore[index]


def test_disable_enable_and_the_last_administrator(site: Server) -> None:
    """A disabled account is locked out until it is enabled, and the last administrator cannot be disabled."""
    browser = site.browser()
    name = browser.sign_up()
    run_command(site.settings, "users", "disable", name)
    assert browser.get("/test/me").status_code == 303
    assert browser.log_in(name).status_code == 422
    run_command(site.settings, "users", "enable", name)
    assert browser.log_in(name).status_code == 303
    run_command(site.settings, "users", "set-role", name, "admin")
    for person in listed(site, "users", "list"):
        if person["role"] == "admin" and person["username"] != name:
            run_command(site.settings, "users", "disable", str(person["username"]))
    refused = run_command(site.settings, "users", "disable", name, fails=True)
    assert refused.stderr == "Error: this is the last active administrator\n"


def test_the_trail_as_json(site: Server) -> None:
    """An array, oldest first, of exactly the members that are promised."""
    name = site.browser().sign_up()
    rows = listed(site, "audit")
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)  # type: ignore[type-var]
    assert {tuple(row) for row in rows} == {("id", "at", "event", "user", "sid", "ip", "detail")}
    mine = listed(site, "audit", "--user", name)
    assert [(row["event"], row["user"], row["ip"]) for row in mine] == [
        ("account.created", name, "127.0.0.1"),
        ("session.started", name, "127.0.0.1"),
    ]
    assert mine[1]["detail"] == {"channel": "web", "persistent": False}
    text = run_command(site.settings, "audit", "--user", name).stdout
    assert [line.split("  ")[1] for line in text.splitlines()] == ["account.created", "session.started"]


def test_purge_deletes_what_ended_long_ago_and_twice_is_fine(site: Server) -> None:
    """Two at once delete each session once, and touch no live one."""
    from concurrent.futures import ThreadPoolExecutor

    old, alive = site.browser(), site.browser()
    alive.sign_up()
    run_command(site.settings, "sessions", "purge", "--kept-days", "0")
    before = site.clock()
    site.clock.set(before - 86400)  # commands go by the machine's clock: a session of yesterday
    old.sign_up()
    old.log_out()
    site.clock.set(before)
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(lambda _: run_command(site.settings, "sessions", "purge", "--kept-days", "0").stdout, range(2))
        )
    assert sum(int(run.split()[1]) for run in runs) >= 1
    assert run_command(site.settings, "sessions", "purge", "--kept-days", "0").stdout.startswith("Deleted: 0 sessions,")
    assert alive.get("/test/me").status_code == 200


def test_a_database_without_its_tables_is_said_so(tmp_path: Path) -> None:
    """A command on an empty database names the command that makes the tables."""
    done = run_command({"WEBAPP_INSTANCE_PATH": str(tmp_path)}, "users", "list", fails=True)
    assert done.stderr == "Error: migrations are missing; run: flask --app wsgi db upgrade\n"


def test_another_password_and_the_end_of_an_account(site: Server) -> None:
    """The old password ends, and so do the sessions; then the account."""
    browser = site.browser()
    name = browser.sign_up()
    weak = run_command(site.settings, "users", "set-password", name, "--password-stdin", given="short", fails=True)
    assert weak.stderr.startswith("Error: password: ")
    assert browser.get("/test/me").status_code == 200
    new = "another perfectly fine sentence"
    run_command(site.settings, "users", "set-password", name, "--password-stdin", given=new)
    assert browser.get("/test/me").status_code == 303
    assert site.browser().log_in(name).status_code == 422
    assert browser.log_in(name, new).status_code == 303
    changed = [event for event in listed(site, "audit", "--user", name) if event["event"] == "password.changed"]
    assert [event["detail"] for event in changed] == [{"by": "command line"}]
    run_command(site.settings, "users", "delete", name, "--yes")
    assert browser.get("/test/me").status_code == 303
    assert browser.log_in(name, new).status_code == 422
    gone = run_command(site.settings, "users", "delete", name, "--yes", fails=True)
    assert gone.stderr.startswith("Error: no such user")
