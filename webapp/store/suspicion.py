"""When a connection dies or falls silent, those opened before it are not trusted any more.

A server that restarted, or a host that vanished, takes all connections with it. Each thread that found that out by
itself would wait once more.
"""

from __future__ import annotations

import time
from typing import Any

_suspected_at = 0.0


def suspect_older_connections() -> None:
    """Ask nothing more on connections that were opened before this moment."""
    global _suspected_at
    _suspected_at = time.monotonic()


def is_suspect(connection: Any) -> bool:
    """Was this connection (of the driver) opened before another one died? Never true of SQLite's."""
    opened_at: float | None = getattr(connection, "opened_at", None)
    return opened_at is not None and opened_at < _suspected_at
