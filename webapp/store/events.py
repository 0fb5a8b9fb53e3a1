"""The audit trail: append and read. Nothing secret goes in: names of events and a small, fixed vocabulary."""

from __future__ import annotations

import json
from typing import Any, cast

from sqlalchemy import Connection, Table, insert

from webapp.store.models import SecurityEvent

_events = cast(Table, SecurityEvent.__table__)


def record(
    tx: Connection,
    event: str,
    *,
    at: int,
    user_id: str | None = None,
    sid: str | None = None,
    ip_address: str = "",
    **detail: Any,
) -> None:
    """Append one event. `detail` is stored as JSON and must hold no token, password or key."""
    tx.execute(
        insert(_events).values(
            at=at,
            event=event,
            user_id=user_id,
            sid=sid,
            ip_address=ip_address,
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
        )
    )
