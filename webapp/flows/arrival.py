"""A request that asks for a session: who sends it, what it carries, and what this site gives and demands."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from webapp.core.demands import Demands
from webapp.core.lifetimes import Lifetimes
from webapp.core.session import Channel
from webapp.flows.client import Client


class Arrival(NamedTuple):
    """Made once per request. A login, a step of one, a sign-up and a password change need nothing else of it."""

    channel: Channel
    client: Client
    now: int
    """Unix seconds."""
    lifetimes: Lifetimes
    """Of the session and its tokens."""
    demands: Demands
    """What the site asks of every session."""
    persistent: bool = False
    """Does the browser keep the session when it closes?"""
    presented: Collection[str] = ()
    """Ids of the sessions whose authentic tokens came with the request. The new one replaces them."""
    knows: Callable[[], Collection[str]] = tuple
    """Ids of the people who have logged in with this browser before, read where a session starts. A program's device is
    known by its user agent."""
    form: str = ""
    """What the form that was sent is known by, where one was. A form that is sent twice within moments gets one
    session."""
