"""How a user logs in: channel, device, time, and the tokens the request carries."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from webapp.core.session import Channel
from webapp.flows.client import Client


class Arrival(NamedTuple):
    """What a login, a sign-up and a password change know of the request that asks for a session."""

    channel: Channel
    client: Client
    now: int
    """Unix seconds."""
    persistent: bool = False
    """Does the browser keep the session when it closes?"""
    presented: Collection[str] = ()
    """Ids of the sessions whose authentic tokens came with the request. The new one replaces them."""
    knows: Collection[str] = ()
    """Ids of the people who have logged in with this browser before. A program's device is known by its user agent."""
    form: str = ""
    """What the form that was sent is known by, where one was. A form that is sent twice within moments gets one
    session."""
