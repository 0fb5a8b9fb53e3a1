"""Next to a leaked signing key a session id makes a token, so logs and listings carry a short hash of it."""

from __future__ import annotations

import json

import pytest

from tests.support.commands import run_command
from tests.support.guarded import GuardedServer, guarded_at
from webapp.core.session import session_label


@pytest.fixture(scope="module", params=["text", "json"])
def talkative(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A server that logs everything it can, in either format."""
    folder = tmp_path_factory.mktemp("talkative")
    with guarded_at(folder, WEBAPP_LOG_LEVEL="debug", WEBAPP_LOG_FORMAT=request.param) as server:
        yield server


def test_a_session_is_followed_by_its_short_id(talkative: GuardedServer) -> None:
    """The log and both listings name it alike; the whole id is in the JSON of commands alone. Commands take either."""
    server = talkative
    one, other = server.browser(), server.browser()
    name = one.sign_up()
    other.log_in(name)
    sids, label = {one.sid, other.sid}, session_label(one.sid)
    one.log_out()
    listing = run_command(server.settings, "sessions", "list").stdout
    trail = run_command(server.settings, "audit").stdout
    log = server.log.read_text()
    for text in (listing, trail, log):
        assert not any(sid in text for sid in sids)
    assert label in trail
    assert label in log
    short = session_label(other.sid)
    assert short in listing
    whole = json.loads(run_command(server.settings, "sessions", "list", "--json").stdout)
    assert other.sid in {session["id"] for session in whole}
    assert {event["sid"] for event in json.loads(run_command(server.settings, "audit", "--json").stdout)} >= sids

    ended = run_command(server.settings, "sessions", "revoke", short).stdout
    assert ended == f"Session {short} has ended.\n"
    assert other.get("/account").status_code == 303
    third = server.browser()
    third.log_in(name)
    run_command(server.settings, "sessions", "revoke", third.sid)
    assert third.get("/account").status_code == 303
    run_command(server.settings, "sessions", "revoke", short, fails=True)
