"""Logging in by steps: what is still to be proved after the right password, before there is a session at all.

There are no half sessions: between the password and the last step there is a signed cookie that opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from webapp.core.demands import Demands


class Step(StrEnum):
    """A step, and the last part of the address of its page."""

    ADDRESS = "address"
    """Type the code that was mailed."""


LIFE = 600
"""Seconds from the password to the last step."""


def due(demands: Demands, *, is_confirmed: bool, done: Collection[str]) -> Step | None:
    """The next step of somebody who has proved their password and the steps `done`; None if nothing is left."""
    if demands.confirmed_address and not is_confirmed and Step.ADDRESS not in done:
        return Step.ADDRESS
    return None
