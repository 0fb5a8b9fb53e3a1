"""What gunicorn says, in the log's own form. gunicorn.conf.py names the class, before the application is loaded.

It needs the standard library and gunicorn alone, because the master, which never loads the application, uses it too.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from gunicorn.glogging import Logger as StockLogger

from webapp.core.withheld import withhold


def wants_json() -> bool:
    """Is WEBAPP_LOG_FORMAT `json`? Asked before the settings are checked, because their own refusal must be JSON as
    well."""
    return os.environ.get("WEBAPP_LOG_FORMAT", "").strip() == "json"


def as_json(event: str, level: str, logger: str, when: float | None = None, exception: str = "") -> str:
    """One entry with the members of the application's own (webapp/log.py). `when` is in Unix seconds; None is now."""
    moment = datetime.now(UTC) if when is None else datetime.fromtimestamp(when, UTC)
    entry = {"event": withhold(event), "level": level, "logger": logger}
    entry["timestamp"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if exception:
        entry["exception"] = withhold(exception)
    return json.dumps(entry, ensure_ascii=False)


class Logger(StockLogger):  # type: ignore[misc]
    """gunicorn's own lines, as text or JSON, without tokens. A header that it refuses stands in its line."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_Json() if wants_json() else _Text(self.error_fmt, self.datefmt))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        return as_json(record.getMessage(), record.levelname.lower(), record.name, record.created, exception)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return withhold(super().format(record))


class JsonLines:
    """Standard error on which each line is one JSON object. A printed line becomes the `event` of one.

    Output that does not pass through Python is not seen, such as the last words of an interpreter that crashes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._stream.write((line if _is_object(line) else as_json(line, "error", "stderr")) + "\n")
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)


def _is_object(line: str) -> bool:
    try:
        return line.startswith("{") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def install() -> None:
    """Let everything this process writes to standard error be JSON, where that is what is wanted."""
    if wants_json() and not isinstance(sys.stderr, JsonLines):
        sys.stderr = JsonLines(sys.stderr)
