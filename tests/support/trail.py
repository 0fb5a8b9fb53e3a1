"""Read the audit trail behind the application's back."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask

from tests.support.server import Server
from tests.support.sql import query


def events(place: Flask | Server, *, user: str | None = None, sid: str | None = None) -> list[dict[str, Any]]:
    """All events, oldest first. With `user` (a username) or `sid` only theirs. `detail` is a dictionary."""
    wanted = {"u.username = ?": user, "e.sid = ?": sid}
    where = " AND ".join(column for column, value in wanted.items() if value is not None)
    found = query(
        place,
        "SELECT e.*, u.username FROM security_events e LEFT JOIN users u ON u.id = e.user_id"
        f"{' WHERE ' if where else ''}{where} ORDER BY e.id",
        *(value for value in wanted.values() if value is not None),
    )
    return [event | {"detail": json.loads(event["detail"])} for event in found]


def event_names(place: Flask | Server, *, user: str | None = None, sid: str | None = None) -> list[str]:
    """The names of these events, oldest first."""
    return [event["event"] for event in events(place, user=user, sid=sid)]
