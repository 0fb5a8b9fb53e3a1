"""Log lines, request ids, and the trail: they belong together."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from flask import Flask

from tests.support.browser import Browser
from webapp import log
from webapp.config.settings import Settings
from webapp.core.session import session_label
from webapp.core.withheld import WITHHELD


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBAPP_LOG_LEVEL": "info", "WEBAPP_LOG_FORMAT": "json"}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_every_event_is_one_line_with_the_id_of_its_request(
    app: Flask, visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each event of a request is one log line with the request's id."""
    form = visitor.read_form("/signup")
    capsys.readouterr()
    answer = visitor.post(
        form.action,
        form.fields | {"username": "ada", "email": "ada@example.com", "password": "a perfectly fine sentence"},
    )
    found = lines(capsys)
    assert [line["event"] for line in found] == ["account.created", "session.started"]
    assert {line["request_id"] for line in found} == {answer.headers["x-request-id"]}
    assert {line["level"] for line in found} == {"info"}
    assert found[1]["sid"] == session_label(visitor.sid)
    assert found[1]["timestamp"].endswith("Z")


def test_what_is_rolled_back_is_not_logged(
    app: Flask, visitor: Browser, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is written after the commit, so an account that was not made was not logged either."""
    from webapp.flows import sign_up
    from webapp.store.database import DatabaseUnavailable

    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseUnavailable("no")

    monkeypatch.setattr(sign_up, "open_session", fail)
    answer = visitor.submit("/signup", username="ada", email="ada@example.com", password="a perfectly fine sentence")
    assert answer.status_code == 503
    assert "account.created" not in str(lines(capsys))


def test_each_answer_has_an_id_of_our_own(visitor: Browser) -> None:
    """The id is never the one a stranger sends, and error pages show it."""
    answers = [
        visitor.get(path, headers={"X-Request-ID": "mine"}) for path in ("/", "/healthz", "/nothing", "/nothing")
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert ids[2] in answers[2].text
    assert "mine" not in answers[2].text


def test_whatever_looks_like_a_token_is_withheld(
    app: Flask, visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library's error text that quotes a header, a traceback included."""
    visitor.sign_up()
    token = visitor.refresh or ""
    assert token
    try:
        raise ValueError(f"bad header: refresh_token={token};")
    except ValueError:
        logging.getLogger("webapp.elsewhere").exception("failed on %s", token)
    written = capsys.readouterr().err
    assert token not in written
    assert token.rpartition(".")[2] not in written
    assert written.count(WITHHELD) >= 2


@pytest.mark.parametrize(("level", "said"), [("debug", 2), ("info", 1), ("error", 0)])
def test_the_level_is_the_settings(level: str, said: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The log has our lines from its level on, and none of a library's below a warning."""
    log.configure(Settings.load({"WEBAPP_LOG_LEVEL": level}))
    logger = logging.getLogger("webapp.test")
    logger.debug("quiet")
    logger.info("loud")
    logging.getLogger("library").info("never")
    written = capsys.readouterr().err
    assert written.count("webapp.test") == said
    assert "never" not in written
