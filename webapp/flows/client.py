"""Who is at the other end of a connection."""

from __future__ import annotations

from typing import NamedTuple


class Client(NamedTuple):
    """What a request says about its sender; kept with sessions and events, trusted for nothing."""

    ip_address: str
    user_agent: str = ""
