"""The log: one line an entry on standard error, as text or JSON, with the request's id and without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from webapp.config.settings import Settings
from webapp.core.withheld import withhold


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _value: TextIO) -> None: ...


def configure(settings: Settings, *added: Processor) -> None:
    """Send everything that is logged in this process through one handler. Later calls replace earlier ones.

    `added` are processors of structlog's that put something into each entry.
    """
    shared: list[Processor] = [
        *added,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                withhold_tokens,
                *_rendering(settings.log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _StandardError)] + [handler]
    level = settings.log_level.upper()
    logging.getLogger("webapp").setLevel(level)
    # Libraries speak up from a warning on, whatever is asked of us.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


def _rendering(log_format: str) -> Iterable[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]


def withhold_tokens(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Blank out all that looks like a signed token, exceptions' texts included.

    Nothing of ours logs one; this is for the library that one day puts a header into its error message.
    """
    for name, value in entry.items():
        if isinstance(value, str):
            entry[name] = withhold(value)
    return entry
